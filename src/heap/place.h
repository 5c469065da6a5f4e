// Where an address lies among a heap's pages.
#pragma once

#include <bit>

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

/// As SlotClass keeps it.
constexpr std::uint32_t granule_of(std::uint64_t offset) {
  return static_cast<std::uint32_t>(offset / kBlockAlignment);
}

/// Whether the block at `granule` is among those that were freed last.
inline bool keeps(const SlotClass& own, std::uint32_t granule) noexcept {
  const auto& kept = own.kept;
  static_assert(kKept == 6);
  // One by one: some were stored a moment ago, and a wider load would wait for them.
  return kept[0] == granule || kept[1] == granule || kept[2] == granule || kept[3] == granule ||
         kept[4] == granule || kept[5] == granule;
}

}  // namespace detail

/// `free` is the word of the slab's hint, and has a bit.
inline void* Heap::take_block(detail::Slab& slab, std::uint64_t& free) const noexcept {
  const unsigned index = slab.hint * 64u + static_cast<unsigned>(std::countr_zero(free));
  free &= free - 1;
  --slab.free_blocks;
  return page(slab.first_page) + std::uint64_t{index} * slab.block_bytes;
}

/// The block that was freed last, or one of the word that was. nullptr: neither is there.
inline void* Heap::take_at_hand(detail::SlotClass& own) const noexcept {
  if (const std::uint32_t kept = own.kept_count; kept != 0) {
    std::byte* block = base_ + std::uint64_t{own.kept[kept - 1]} * detail::kBlockAlignment;
    own.kept[kept - 1] = 0;
    own.kept_count = kept - 1;
    return block;
  }
  detail::Slab& slab = slabs_[own.slab];
  std::uint64_t& free = slab.free[slab.hint];
  return free != 0 ? take_block(slab, free) : nullptr;
}

namespace detail {

/// Of a place in a slab where a block starts: whether one is there, and allocated.
inline bool is_allocated(const SlotClass& own, const Slab& slab, unsigned index,
                         std::uint32_t granule) noexcept {
  const bool is_free = (slab.free[index / 64] >> index % 64 & 1) != 0;
  return !is_free && index < slab.blocks && !keeps(own, granule);
}

/// False: as many are kept as may be.
inline bool keep(SlotClass& own, std::uint32_t granule) noexcept {
  const std::uint32_t kept = own.kept_count;
  if (kept >= kKept) return false;
  own.kept[kept] = granule;
  own.kept_count = kept + 1;
  return true;
}

/// False: a list would change.
inline bool put_into(Slab& slab, unsigned index) noexcept {
  const unsigned free_blocks = slab.free_blocks + 1u;
  if (free_blocks >= slab.blocks || slab.linked == 0) return false;
  slab.free[index / 64] |= std::uint64_t{1} << index % 64;
  slab.hint = static_cast<std::uint8_t>(index / 64);
  slab.free_blocks = static_cast<std::uint16_t>(free_blocks);
  return true;
}

}  // namespace detail

}  // namespace cleave
