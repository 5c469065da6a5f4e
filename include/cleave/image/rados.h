// A store of images in a pool of RADOS, Ceph's object store. Of the library cleave-image-rados.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/image/store.h>

namespace cleave {

/// How a cluster is reached. What is empty is found as Ceph's own programs find it.
struct RadosOptions {
  std::string config = {};  ///< a ceph.conf; empty: CEPH_CONF, or /etc/ceph/ceph.conf
  /// After so long, in whole seconds, a request to the cluster ends with an error: by itself,
  /// librados waits for ever where a part of a cluster is away.
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  /// Nothing is written. For readers.
  bool read_only = false;
};

/// A store in a pool, which has to be there: `url` is rados://POOL or rados://POOL/NAMESPACE, with
/// USER@ before the pool where the user is not client.admin; all three are of [A-Za-z0-9._-]. The
/// namespace is the store's alone. Any number of processes, on any number of machines.
///
/// Errors: bad_argument (the name), io (the cluster cannot be reached, refuses the user, or has no
/// such pool; `system` has Ceph's reason, as ETIMEDOUT or ENOENT).
///
/// Cost: a connection to the cluster, some milliseconds, which starts threads of librados; then a
/// request for each call, and for a list one more for each object that was not listed before.
CLEAVE_API Result<std::unique_ptr<ImageStore>> rados_store(std::string_view url,
                                                           const RadosOptions& options = {});

}  // namespace cleave
