#include "tools/doctor/images.h"

#include <cleave/arena.h>
#include <cleave/space.h>

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

// One of a page, which is put in place.
Result<void> try_lazy_arena() {
  const auto pool = Pool::create(ByteCount{64 * kPageSize});
  if (!pool) return tl::unexpected(pool.error());
  const auto at = Arena::create(*pool, ByteCount{kPageSize}).map([](const Arena& there) {
    return Address{reinterpret_cast<std::uintptr_t>(there.data())};  // where there is room
  });
  if (!at) return tl::unexpected(at.error());
  auto space = Space::create(*pool);
  if (!space) return tl::unexpected(space.error());
  const std::byte one{1};
  if (auto mapped = space->map_at(*at, ByteCount{kPageSize}); !mapped) return mapped;
  if (auto written = space->write(*at, {&one, 1}); !written) return written;
  const auto snapshot = space->snapshot();
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto arena = Arena::restore(*snapshot);
  if (!arena) return tl::unexpected(arena.error());
  auto came = arena->fetch(arena->data(), ByteCount{kPageSize});
  return came ? Result<void>{} : tl::unexpected(came.error());
}

Finding lazy_arena() {
  const auto works = try_lazy_arena();
  if (works) return {"lazy arena", Standing::ok, "pages come when they are touched", {}, true};
  return {
      "lazy arena", Standing::limited, "checked out whole: " + works.error().message(), {}, false};
}

}  // namespace

std::vector<Finding> look_at_images() {
  return {lazy_arena(), store("folder", kHasFolders, "a path", "libssl-dev and libzstd-dev"),
          store("S3", kHasS3, "s3://BUCKET/PREFIX", "libcurl4-openssl-dev"),
          store("RADOS", kHasRados, "rados://POOL/NAMESPACE", "librados-dev")};
}

}  // namespace cleave::doctor
