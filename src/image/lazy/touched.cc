#include "image/lazy/touched.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "image/leases.h"

namespace cleave::detail::image {
namespace {

constexpr std::uint64_t kBits = kPageSize * 8;
constexpr std::uint64_t kWords = kBits / kEntries;  // one a leaf

using Bitmap = std::array<std::uint64_t, kWords>;
static_assert(std::endian::native == std::endian::little, "a bitmap's bits are those of its words");

std::uint64_t word_of(PageNo first) { return raw(first) / kEntries % kWords; }

std::uint64_t word_at(View bitmap, std::uint64_t word) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, bitmap.data() + word * sizeof bits, sizeof bits);
  return bits;
}

std::uint64_t bitmaps(const Restored& restored) {
  const std::uint32_t leaves = restored.leaves();
  return leaves == 0 ? 0 : raw(restored.first_page(leaves - 1)) / kBits + 1;
}

// A page of the space a bitmap, of which those without a bit stay absent.
Result<std::uint64_t> write_touched(Space& space, const Restored& restored) {
  std::uint64_t count = 0;
  Bitmap bitmap{};
  std::uint64_t open = 0;
  const auto close = [&]() -> Result<void> {
    if (std::ranges::all_of(bitmap, [](std::uint64_t word) { return word == 0; })) return {};
    auto written = space.write(address_of(PageNo{open}), std::as_bytes(std::span(bitmap)));
    bitmap.fill(0);
    return written;
  };
  for (std::uint32_t leaf = 0; leaf < restored.leaves(); ++leaf) {
    const std::uint64_t touched = restored.touched(leaf);
    if (touched == 0) continue;
    const PageNo first = restored.first_page(leaf);
    if (raw(first) / kBits != open) {
      if (auto closed = close(); !closed) return tl::unexpected(closed.error());
      open = raw(first) / kBits;
    }
    bitmap[word_of(first)] = touched;
    count += static_cast<std::uint64_t>(std::popcount(touched));
  }
  if (auto closed = close(); !closed) return tl::unexpected(closed.error());
  return count;
}

bool was_touched(const Restored& restored, std::uint32_t number) {
  return (restored.touched(number / kEntries) >> number % kEntries & 1) != 0;
}

// Calls `use(leaf, said)` with each leaf of which `bitmap` says some pages, as bits. `which`: of
// the bitmaps.
template <class Use>
Result<void> for_each_said(const Restored& restored, PageNo which, View bitmap, Use use) {
  const PageNo begin{raw(which) * kBits};
  std::uint32_t leaf = restored.first_leaf_from(begin);
  for (; leaf < restored.leaves() && restored.first_page(leaf) < begin + kBits; ++leaf) {
    const std::uint64_t said = word_at(bitmap, word_of(restored.first_page(leaf)));
    if ((said & restored.given(leaf)) == 0) continue;
    if (auto done = use(leaf, said); !done) return done;
  }
  return {};
}

// Of the pages that `bitmap` has bits for, those that the commit has.
Result<void> add_recorded(Objects& objects, Restored& restored, PageNo which, View bitmap,
                          std::vector<std::uint32_t>& numbers) {
  std::vector<ImageId> leaves;
  (void)for_each_said(restored, which, bitmap, [&](std::uint32_t leaf, std::uint64_t) {
    leaves.push_back(restored.name_of(leaf));
    return Result<void>();
  });
  objects.announce(leaves);
  return for_each_said(
      restored, which, bitmap, [&](std::uint32_t leaf, std::uint64_t said) -> Result<void> {
        const auto pages = restored.pages(objects, leaf);
        if (!pages) return tl::unexpected(pages.error());
        for (std::uint64_t bits = said & *pages; bits != 0; bits &= bits - 1) {
          numbers.push_back(leaf * kEntries + static_cast<std::uint32_t>(std::countr_zero(bits)));
        }
        return {};
      });
}

}  // namespace

Result<std::uint64_t> record_touched(RepositoryState& repository, Restored& restored) {
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
  const auto is_new = [&](std::uint32_t number) { return !was_touched(restored, number); };
  if (before->size() == *count && std::ranges::none_of(*before, is_new)) return count;
  const auto snapshot = space->snapshot();
  if (!snapshot) return tl::unexpected(snapshot.error());
  PushOptions options;
  options.message = "pages that readers touched";
  const auto pushed = repository.push(*snapshot, name_of_touched(restored.commit), options);
  if (!pushed) return tl::unexpected(pushed.error());
  return count;
}

Result<std::vector<std::uint32_t>> recorded(RepositoryState& repository, Restored& restored) {
  std::vector<std::uint32_t> numbers;
  const auto seen = repository.look_at_all();
  if (!seen) return tl::unexpected(seen.error());
  const auto ref = seen->root.refs.find(name_of_touched(restored.commit));
  if (ref == seen->root.refs.end()) return numbers;
  const auto record = repository.objects.commit(ref->second.commit);
  if (!record) return tl::unexpected(record.error());
  if (record->pages > bitmaps(restored)) return numbers;
  std::vector<std::pair<PageNo, Bytes>> said;  // reading a leaf would end what read() shows
  const auto read = repository.read(*record, [&](PageNo which, View bitmap) -> Result<void> {
    said.emplace_back(which, Bytes(bitmap.begin(), bitmap.end()));
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  for (const auto& [which, bitmap] : said) {
    auto added = add_recorded(repository.objects, restored, which, bitmap, numbers);
    if (!added) return tl::unexpected(added.error());
  }
  return numbers;
}

}  // namespace cleave::detail::image
