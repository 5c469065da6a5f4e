// The sizes of small blocks: every 16 bytes up to 128, then four to each doubling, so that at most
// a fifth of a block is lost to rounding up.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <cleave/units.h>

namespace cleave::detail {

/// Every block starts on such a boundary.
inline constexpr std::size_t kBlockAlignment = 16;
/// Above this, a block is a run of pages.
inline constexpr std::size_t kLargestSmall = std::size_t{32} * 1024;
inline constexpr unsigned kSizeClasses = 40;
/// Most requests are this short: a look-up in place of a branch that a mix of sizes mispredicts.
inline constexpr std::size_t kMostLookedUp = 1024;
/// A slab has a bit a block, in four words.
inline constexpr unsigned kMostBlocks = 256;

/// What the blocks of a size class are, and how to divide by their size.
struct SizeClass {
  std::uint32_t bytes;
  /// ceil(2^32 / bytes).
  std::uint32_t reciprocal;
};

/// Which block of its slab lies at an offset, and whether it starts there.
struct BlockAt {
  unsigned index;
  bool starts;
};

namespace size_classes {

constexpr std::size_t class_bytes(unsigned size_class) {
  if (size_class < 8) return (size_class + 1) * kBlockAlignment;
  const unsigned doubling = (size_class - 8) / 4;
  const unsigned step = (size_class - 8) % 4 + 1;
  return (std::size_t{128} << doubling) + step * (std::size_t{32} << doubling);
}

constexpr std::array<SizeClass, kSizeClasses> size_classes() {
  std::array<SizeClass, kSizeClasses> all{};
  for (unsigned c = 0; c < kSizeClasses; ++c) {
    const std::uint64_t bytes = class_bytes(c);
    all[c] = {
        .bytes = static_cast<std::uint32_t>(bytes),
        .reciprocal = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + bytes - 1) / bytes)};
  }
  return all;
}

constexpr unsigned compute_class_of(std::size_t bytes) {
  if (bytes <= 128) return bytes == 0 ? 0 : static_cast<unsigned>((bytes - 1) / kBlockAlignment);
  const unsigned top =
      static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;  // 2^top < bytes <= 2^(top+1)
  return 8 + (top - 7) * 4 + static_cast<unsigned>(((bytes - 1) >> (top - 2)) & 3);
}

constexpr auto classes_by_granule() {
  std::array<std::uint8_t, kMostLookedUp / kBlockAlignment + 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<std::uint8_t>(compute_class_of(i * kBlockAlignment));
  }
  return all;
}

inline constexpr auto kClassByGranule = classes_by_granule();

}  // namespace size_classes

inline constexpr std::array<SizeClass, kSizeClasses> kSizeClass = size_classes::size_classes();

/// The smallest class whose blocks hold `bytes`, which is at most kMostLookedUp.
constexpr unsigned class_of_short(std::size_t bytes) {
  return size_classes::kClassByGranule[(bytes + kBlockAlignment - 1) / kBlockAlignment];
}

/// The same for at most kLargestSmall.
constexpr unsigned class_of(std::size_t bytes) {
  if (bytes <= kMostLookedUp) [[likely]]
    return class_of_short(bytes);
  return size_classes::compute_class_of(bytes);
}

/// For offsets inside a slab, with the reciprocal of its class: the product is the index and, below
/// the binary point, less than one reciprocal exactly if nothing is left over. No error adds up to
/// that: see size_classes::divides_exactly().
constexpr BlockAt block_at(std::uint32_t reciprocal, std::uint32_t offset) {
  const std::uint64_t product = std::uint64_t{offset} * reciprocal;
  return {.index = static_cast<unsigned>(product >> 32),
          .starts = static_cast<std::uint32_t>(product) < reciprocal};
}

/// How many blocks a slab has when there is room: 256, or as fill 64 KiB, but at least 8.
constexpr std::uint32_t slab_blocks(const SizeClass& of) {
  return std::clamp<std::uint32_t>(64 * 1024 / of.bytes, 8, kMostBlocks);
}

/// Pages that `blocks` blocks need.
constexpr std::uint32_t slab_pages(const SizeClass& of, std::uint32_t blocks) {
  return static_cast<std::uint32_t>((std::uint64_t{of.bytes} * blocks + kPageSize - 1) >>
                                    kPageBits);
}

namespace size_classes {
// The reciprocal is too large by less than 1/bytes; a slab's last block must not see it grow to a
// whole one.
constexpr bool divides_exactly(const SizeClass& of) {
  const std::uint64_t error = std::uint64_t{of.reciprocal} * of.bytes - (std::uint64_t{1} << 32);
  const std::uint64_t end = std::uint64_t{slab_pages(of, slab_blocks(of))} << kPageBits;
  return (end / of.bytes + 1) * error < of.reciprocal;
}
}  // namespace size_classes

static_assert(std::ranges::all_of(kSizeClass, size_classes::divides_exactly));
static_assert(kSizeClass.back().bytes == kLargestSmall);
static_assert(size_classes::compute_class_of(kLargestSmall) == kSizeClasses - 1);

}  // namespace cleave::detail
