#include "tools/image/stores.h"

#include <cstring>
#include <filesystem>

#ifdef CLEAVE_HAS_RADOS
#include <cleave/image/rados.h>
#endif
#ifdef CLEAVE_HAS_S3
#include <cleave/image/s3.h>
#endif

#include "tools/image/failure.h"
#include "tools/image/oci.h"

namespace cleave::command::image {
namespace {

constexpr const char* kLayout = "oci:";

bool is_url(const std::string& name, const char* scheme) {
  return name.starts_with(std::string(scheme) + "://");
}

std::unique_ptr<ImageStore> in_s3(const std::string& name, [[maybe_unused]] Use use) {
#ifdef CLEAVE_HAS_S3
  return got(s3_store(name, {.read_only = use == Use::read}), name);
#else
  fail(name, "this cleave was built without S3; install libcurl4-openssl-dev and build it again");
#endif
}

std::unique_ptr<ImageStore> in_rados(const std::string& name, [[maybe_unused]] Use use) {
#ifdef CLEAVE_HAS_RADOS
  return got(rados_store(name, {.read_only = use == Use::read}), name);
#else
  fail(name, "this cleave was built without RADOS; install librados-dev and build it again");
#endif
}

}  // namespace

std::unique_ptr<ImageStore> store_at(const std::string& name, Use use) {
  if (is_url(name, "s3")) return in_s3(name, use);
  if (is_url(name, "rados")) return in_rados(name, use);
  if (name.starts_with(kLayout)) return layout_at(name.substr(std::strlen(kLayout)));
  std::error_code failed;
  if (!std::filesystem::is_directory(name, failed)) {
    fail(name, "there is no such folder; `cleave image init` makes a repository");
  }
  return got(directory_store(name), name);
}

std::unique_ptr<ImageStore> new_store_at(const std::string& name) {
  if (name.starts_with(kLayout)) fail(name, "`cleave image export` writes OCI layouts");
  if (!is_url(name, "s3") && !is_url(name, "rados")) {
    std::error_code failed;
    std::filesystem::create_directories(name, failed);
    if (failed) fail(name, failed.message() + "; name a folder that you may make");
  }
  return store_at(name, Use::write);
}

}  // namespace cleave::command::image
