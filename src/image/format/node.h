// A node of an image's tree: 64 entries, each absent or the id of a page or of a node below.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <cleave/units.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

inline constexpr unsigned kEntryBits = 6;
inline constexpr unsigned kEntries = 1U << kEntryBits;
/// Six levels of 64 entries name all 2^36 pages of a space.
inline constexpr unsigned kMostLevels = 6;

struct NodeRecord {
  unsigned level = 0;  ///< 0: the entries are pages
  std::array<ImageId, kEntries> entries{};
};

/// How many pages an entry of a node at `level` stands for.
constexpr std::uint64_t pages_below(unsigned level) {
  return std::uint64_t{1} << kEntryBits * level;
}

Bytes encode(const NodeRecord& node);
/// Nothing where the bytes are no node: also one without entries, of which there is none.
std::optional<NodeRecord> decode_node(View bytes);

}  // namespace cleave::detail::image
