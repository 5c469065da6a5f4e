#include "rados/cluster.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fail.h"
#include "base/uncancelled.h"

namespace cleave::detail::rados {
namespace {

// Those of the cluster count whole seconds, and take 0 for ever.
std::string seconds_of(std::chrono::milliseconds timeout) {
  return std::to_string(std::max<std::int64_t>((timeout.count() + 999) / 1000, 1));
}

}  // namespace

tl::unexpected<Error> refused_by_cluster(int result) {
  const int system = -result;
  const char* what = "the RADOS cluster refused a request; look at its log";
  switch (system) {
    case ETIMEDOUT:
      what = "the RADOS cluster did not answer in time; look at `ceph -s`, or raise the timeout";
      break;
    case EPERM:
    case EACCES:
    case EKEYREJECTED:
      what =
          "the RADOS cluster refuses this user, or what is asked for; look at its keyring and "
          "capabilities";
      break;
    case ENOSPC:
    case EDQUOT:
      what = "the RADOS cluster or its pool is full; make room";
      break;
    case ENOENT:
      what =
          "the RADOS cluster has no such pool, or no ceph.conf or key was found; CEPH_CONF names "
          "one";
      break;
    case ENOMEM:
      return fail(Errc::no_memory, "out of memory in librados", Address{0}, system);
    default:
      break;
  }
  return fail(Errc::io, what, Address{0}, system);
}

Result<Cluster> Cluster::connect(const Target& target, const RadosOptions& options) {
  Cluster made;
  if (const int result = rados_create(&made.cluster_, target.user.c_str()); result < 0) {
    made.cluster_ = nullptr;
    return refused_by_cluster(result);
  }
  const char* const config = options.config.empty() ? nullptr : options.config.c_str();
  int result = rados_conf_read_file(made.cluster_, config);
  if (result == 0) result = rados_conf_parse_env(made.cluster_, nullptr);
  // Without them it waits for ever.
  const std::string timeout = seconds_of(options.timeout);
  for (const char* name :
       {"rados_osd_op_timeout", "rados_mon_op_timeout", "client_mount_timeout"}) {
    if (result == 0) result = rados_conf_set(made.cluster_, name, timeout.c_str());
  }
  if (result == 0) result = rados_connect(made.cluster_);
  if (result == 0) result = rados_ioctx_create(made.cluster_, target.pool.c_str(), &made.pool_);
  if (result < 0) return refused_by_cluster(result);
  rados_ioctx_set_namespace(made.pool_, target.space.c_str());
  return made;
}

Cluster::Cluster(Cluster&& other) noexcept
    : cluster_(std::exchange(other.cluster_, nullptr)),
      pool_(std::exchange(other.pool_, nullptr)) {}

Cluster::~Cluster() {
  const Uncancelled here;
  if (pool_ != nullptr) rados_ioctx_destroy(pool_);
  if (cluster_ != nullptr) rados_shutdown(cluster_);
}

}  // namespace cleave::detail::rados
