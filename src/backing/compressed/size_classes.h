// The sizes that chunks come in.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <cleave/units.h>

namespace cleave::detail::backing {

/// What chunks of one size are cut from.
inline constexpr std::uint32_t kSlabBytes = 64 << 10;
/// What stands before each chunk's bytes.
struct ChunkHeader {
  std::uint32_t owner;
  std::uint16_t bytes;
  std::uint16_t next_free;
};
/// A whole page, as it is.
inline constexpr std::uint32_t kLargestChunk = kPageSize + sizeof(ChunkHeader);

/// Sizes that divide a slab nearly evenly, an eighth of what they hold apart at the most.
struct SizeClasses {
  std::array<std::uint16_t, 64> bytes{};
  std::uint32_t count = 0;
};

constexpr SizeClasses make_size_classes() {
  SizeClasses all;
  std::uint32_t last = kSlabBytes;
  for (std::uint32_t parts = kSlabBytes / kLargestChunk; parts <= 1024; ++parts) {
    const std::uint32_t size = kSlabBytes / parts / 8 * 8;
    if (last - size < std::max(32u, last / 17) && size != 64) continue;
    all.bytes.at(all.count++) = static_cast<std::uint16_t>(size);
    last = size;
    if (size == 64) break;
  }
  std::reverse(all.bytes.begin(), all.bytes.begin() + all.count);
  return all;
}

inline constexpr SizeClasses kSizeClasses = make_size_classes();
static_assert(kSizeClasses.bytes[kSizeClasses.count - 1] >= kLargestChunk);

/// The smallest class that has room. Precondition: there is one.
constexpr std::uint32_t class_for(std::uint32_t bytes) {
  const auto* const end = kSizeClasses.bytes.begin() + kSizeClasses.count;
  return static_cast<std::uint32_t>(std::lower_bound(kSizeClasses.bytes.begin(), end, bytes) -
                                    kSizeClasses.bytes.begin());
}

/// How many chunks of it a slab has.
constexpr std::uint32_t chunks_of(std::uint32_t size_class) {
  return kSlabBytes / kSizeClasses.bytes[size_class];
}

}  // namespace cleave::detail::backing
