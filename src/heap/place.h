// Where an address lies among a heap's pages.
#pragma once

#include <bit>
#include <cstring>

#include <cleave/heap.h>

#include "heap/layout.h"

namespace cleave {

struct Heap::BlockPlace {
  detail::PageEntry entry;
  std::uint32_t page;
  unsigned index;  // slab: which block
};

namespace detail {

inline BlockAt block_in_slab(PageEntry entry, std::uint64_t offset) noexcept {
  return block_at(kSizeClass[entry.size_class()], entry.in_slab() + offset % kPageSize);
}

/// Whether the block at `granule` is among those that were freed last.
inline bool keeps(const SlotClass& own, std::uint32_t granule) noexcept {
  // All four at once: in a long run of frees they do not change, and none of them matches.
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  using Two [[gnu::vector_size(16)]] = std::int64_t;
  Four kept;
  static_assert(sizeof kept == sizeof own.kept);
  std::memcpy(&kept, own.kept.data(), sizeof kept);
  const auto equal = reinterpret_cast<Two>(kept == granule);
  return (equal[0] | equal[1]) != 0;
}

}  // namespace detail

/// `free` is the word of the slab's hint, and has a bit.
inline void* Heap::take_block(detail::Slab& slab, std::uint64_t& free) const noexcept {
  const unsigned index = slab.hint * 64u + static_cast<unsigned>(std::countr_zero(free));
  free &= free - 1;
  --slab.free_blocks;
  return page(slab.first_page) + std::uint64_t{index} * slab.block_bytes;
}

}  // namespace cleave
