#include "tools/doctor/images.h"

namespace cleave::doctor {
namespace {

#ifdef CLEAVE_HAS_IMAGES
constexpr bool kHasFolders = true;
#else
constexpr bool kHasFolders = false;
#endif
#ifdef CLEAVE_HAS_S3
constexpr bool kHasS3 = true;
#else
constexpr bool kHasS3 = false;
#endif
#ifdef CLEAVE_HAS_RADOS
constexpr bool kHasRados = true;
#else
constexpr bool kHasRados = false;
#endif

Finding store(const char* name, bool is_there, const char* how, const char* needs) {
  if (is_there) return {name, Standing::ok, how, {}, true};
  const std::string packages = std::string("built without ") + needs;
  return {name, Standing::missing, packages, {}, false};
}

}  // namespace

std::vector<Finding> look_at_images() {
  return {store("folder", kHasFolders, "a path", "libssl-dev and libzstd-dev"),
          store("S3", kHasS3, "s3://BUCKET/PREFIX", "libcurl4-openssl-dev"),
          store("RADOS", kHasRados, "rados://POOL/NAMESPACE", "librados-dev")};
}

}  // namespace cleave::doctor
