// A cell as one object of a store that is no folder. A header alone: the libraries of stores share
// it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <cleave/image/store.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// Tells a swap from all others: who asked twice, and finds this, came through at first.
using SwapId = std::array<std::byte, 16>;

/// So many of the last swaps a cell remembers, for who hears late of his own.
inline constexpr std::size_t kSwapsKept = 64;

struct CellObject {
  ImageStore::Cell cell;
  std::vector<SwapId> swaps;  ///< the last; newest at the end
};

inline constexpr std::string_view kCellMagic{"CLVCELL\1", 8};
/// More than the largest root has.
inline constexpr std::uint64_t kMostCell = std::uint64_t{64} << 20;

/// Of `swaps` the last kSwapsKept.
inline Bytes encode_cell(std::uint64_t generation, std::span<const SwapId> swaps, View bytes) {
  swaps = swaps.last(std::min(swaps.size(), kSwapsKept));
  Writer out;
  out.bytes(view_of(kCellMagic));
  out.number(generation);
  out.number(static_cast<std::uint32_t>(swaps.size()));
  for (const SwapId& swap : swaps) out.bytes(swap);
  out.number(std::uint64_t{bytes.size()});
  out.bytes(bytes);
  return out.take();
}

/// Nothing: it is none, or not whole.
inline std::optional<CellObject> decode_cell(View object) {
  Reader in(object);
  CellObject found;
  in.expect(kCellMagic);
  found.cell.generation = in.number<std::uint64_t>();
  const auto swaps = in.number<std::uint32_t>();
  in.require(found.cell.generation != 0 && swaps <= kSwapsKept);
  for (std::uint32_t i = 0; in.good() && i < swaps; ++i) {
    const View swap = in.bytes(sizeof(SwapId));
    std::ranges::copy(swap, found.swaps.emplace_back().begin());
  }
  const View bytes = in.bytes(in.number<std::uint64_t>());
  if (!in.ended_well()) return std::nullopt;
  found.cell.bytes.assign(bytes.begin(), bytes.end());
  return found;
}

}  // namespace cleave::detail::image
