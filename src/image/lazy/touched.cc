#include "image/lazy/touched.h"

#include <algorithm>
#include <array>

#include "image/leases.h"

namespace cleave::detail::image {
namespace {

constexpr std::uint64_t kBits = kPageSize * 8;

using Bitmap = std::array<std::byte, kPageSize>;

void set(Bitmap& bitmap, std::uint64_t bit) { bitmap[bit / 8] |= std::byte{1} << bit % 8; }
bool get(View bitmap, std::uint64_t bit) {
  return (bitmap[bit / 8] >> bit % 8 & std::byte{1}) != std::byte{0};
}

std::uint64_t bitmaps(const Restored& restored) {
  return restored.pages.empty() ? 0 : raw(restored.pages.back().page) / kBits + 1;
}

// A page of the space a bitmap, of which those without a bit stay absent.
Result<std::uint64_t> write_touched(Space& space, const Restored& restored) {
  std::uint64_t count = 0;
  Bitmap bitmap{};
  std::uint64_t open = 0;
  bool any = false;
  const auto close = [&]() -> Result<void> {
    if (!any) return {};
    any = false;
    auto written = space.write(address_of(PageNo{open}), bitmap);
    bitmap.fill(std::byte{});
    return written;
  };
  for (std::uint32_t i = 0; i < restored.pages.size(); ++i) {
    if (!restored.touched(i)) continue;
    const std::uint64_t page = raw(restored.pages[i].page);
    if (page / kBits != open) {
      if (auto closed = close(); !closed) return tl::unexpected(closed.error());
      open = page / kBits;
    }
    set(bitmap, page % kBits);
    any = true;
    ++count;
  }
  if (auto closed = close(); !closed) return tl::unexpected(closed.error());
  return count;
}

}  // namespace

Result<std::uint64_t> record_touched(RepositoryState& repository, const Restored& restored) {
  const std::uint64_t size = bitmaps(restored);
  if (size == 0) return 0;
  const auto before = recorded(repository, restored);
  if (!before) return tl::unexpected(before.error());
  const auto pool = Pool::create(ByteCount{size * kPageSize});
  if (!pool) return tl::unexpected(pool.error());
  auto space = Space::create(*pool);
  if (!space) return tl::unexpected(space.error());
  if (auto mapped = space->map_at(Address{0}, ByteCount{size * kPageSize}); !mapped) {
    return tl::unexpected(mapped.error());
  }
  const auto count = write_touched(*space, restored);
  if (!count) return count;
  const auto is_new = [&](std::uint32_t number) { return !restored.touched(number); };
  if (before->size() == *count && std::ranges::none_of(*before, is_new)) return count;
  const auto snapshot = space->snapshot();
  if (!snapshot) return tl::unexpected(snapshot.error());
  PushOptions options;
  options.message = "pages that readers touched";
  const auto pushed = repository.push(*snapshot, name_of_touched(restored.commit), options);
  if (!pushed) return tl::unexpected(pushed.error());
  return count;
}

Result<std::vector<std::uint32_t>> recorded(RepositoryState& repository, const Restored& restored) {
  std::vector<std::uint32_t> numbers;
  const auto seen = repository.look_at_all();
  if (!seen) return tl::unexpected(seen.error());
  const auto ref = seen->root.refs.find(name_of_touched(restored.commit));
  if (ref == seen->root.refs.end()) return numbers;
  const auto record = repository.objects.commit(ref->second.commit);
  if (!record) return tl::unexpected(record.error());
  if (record->pages > bitmaps(restored)) return numbers;
  const auto read = repository.read(*record, [&](PageNo which, View bitmap) -> Result<void> {
    const auto first =
        std::ranges::lower_bound(restored.pages, PageNo{raw(which) * kBits}, {}, &PageAt::page);
    for (auto at = first; at != restored.pages.end(); ++at) {
      const std::uint64_t bit = raw(at->page) - raw(which) * kBits;
      if (bit >= kBits) break;
      if (get(bitmap, bit)) {
        numbers.push_back(static_cast<std::uint32_t>(at - restored.pages.begin()));
      }
    }
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return numbers;
}

}  // namespace cleave::detail::image
