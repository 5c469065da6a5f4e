// A cell as one object of a store that is no folder. A header alone: the libraries of stores share
// it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <cleave/image/store.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// Tells a swap from all others: who has tried twice, and finds this, came through at first.
using SwapId = std::array<std::byte, 16>;

struct CellObject {
  ImageStore::Cell cell;
  SwapId swap{};
};

inline constexpr std::string_view kCellMagic{"CLVCELL\1", 8};
/// More than the largest root has.
inline constexpr std::uint64_t kMostCell = std::uint64_t{64} << 20;

inline Bytes encode_cell(std::uint64_t generation, const SwapId& swap, View bytes) {
  Writer out;
  out.bytes(view_of(kCellMagic));
  out.number(generation);
  out.bytes(swap);
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
  const View swap = in.bytes(found.swap.size());
  std::ranges::copy(swap, found.swap.begin());
  const View bytes = in.bytes(in.number<std::uint64_t>());
  if (!in.ended_well() || found.cell.generation == 0) return std::nullopt;
  found.cell.bytes.assign(bytes.begin(), bytes.end());
  return found;
}

}  // namespace cleave::detail::image
