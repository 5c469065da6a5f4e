// A connection to a cluster, and to a pool of it.
#pragma once

#include <string>

#include <rados/librados.h>

#include <cleave/image/rados.h>

#include "rados/target.h"

namespace cleave::detail::rados {

/// Move-only; closes both.
class Cluster {
 public:
  /// Errors: io.
  static Result<Cluster> connect(const Target& target, const RadosOptions& options);

  Cluster(Cluster&& other) noexcept;
  Cluster& operator=(Cluster&&) = delete;
  ~Cluster();

  [[nodiscard]] rados_ioctx_t pool() const { return pool_; }

 private:
  Cluster() = default;
  rados_t cluster_ = nullptr;
  rados_ioctx_t pool_ = nullptr;
};

/// What Ceph gave, which is an errno below zero.
tl::unexpected<Error> refused_by_cluster(int result);

}  // namespace cleave::detail::rados
