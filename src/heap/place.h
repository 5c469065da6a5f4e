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

/// Of an offset in the page of that entry. Any thread: the slab's record is its owner's, who writes
/// to it all the time, and stays unread.
inline BlockAt block_in_slab(PageEntry entry, std::uint64_t offset) noexcept {
  return block_at(kSizeClass[entry.size_class()].reciprocal,
                  entry.in_slab() + static_cast<std::uint32_t>(offset % kPageSize));
}

/// The same for the owner, who needs the record anyway. The slab is shorter than 4 GiB, so that the
/// low 32 bits of its start and of the offset tell how far that is.
inline BlockAt block_in_own_slab(const Slab& slab, std::uint64_t offset) noexcept {
  return block_at(slab.reciprocal, static_cast<std::uint32_t>(offset) - slab.start);
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

inline detail::Slab& Heap::slab_of(detail::PageEntry entry) const noexcept {
  return *reinterpret_cast<detail::Slab*>(reinterpret_cast<std::byte*>(slabs_) + entry.record());
}

/// `free` is the word of the slab's hint, and has a bit.
inline void* Heap::take_block(detail::Slab& slab, std::uint64_t& free) const noexcept {
  const unsigned index = slab.hint * 64u + static_cast<unsigned>(std::countr_zero(free));
  free &= free - 1;
  --slab.free_blocks;
  return page(slab.first_page) + std::uint64_t{index} * slab.block_bytes;
}

/// The block that was freed last. `kept` is how many are kept, and not 0.
inline void* Heap::take_kept(detail::SlotClass& own, std::uint32_t kept) const noexcept {
  const std::uint32_t last = kept - 1;
  own.kept_count = last;
  std::byte* block = base_ + std::uint64_t{own.kept[last]} * detail::kBlockAlignment;
  own.kept[last] = 0;
  return block;
}

/// A block of the word that one was freed into last. nullptr: it has none.
inline void* Heap::take_hinted(const detail::SlotClass& own) const noexcept {
  detail::Slab& slab = slabs_[own.slab];
  std::uint64_t& free = slab.free[slab.hint];
  return free != 0 ? take_block(slab, free) : nullptr;
}

namespace detail {

/// Of a place in a slab where a block starts: whether one is there, and allocated.
inline bool is_allocated(const SlotClass& own, const Slab& slab, unsigned index,
                         std::uint32_t granule) noexcept {
  const bool is_free = (slab.free[index / 64] >> index % 64 & 1) != 0;
  // The index as a short one: the comparison is then a single instruction.
  return !is_free && static_cast<std::uint16_t>(index) < slab.blocks && !keeps(own, granule);
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
