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

/// Whether the block at `granule` is among those that are kept.
inline bool keeps(const SlotClass& own, std::uint32_t granule) noexcept {
  const auto& kept = own.kept;
  static_assert(kKept == 8);
  // One by one: some were stored a moment ago, and a wider load would wait for them.
  return kept[0] == granule || kept[1] == granule || kept[2] == granule || kept[3] == granule ||
         kept[4] == granule || kept[5] == granule || kept[6] == granule || kept[7] == granule;
}

/// A class of a slot by its distance from the first, in bytes: what tables and entries say, so that
/// none is multiplied.
inline SlotClass& class_at(HeapSlot& slot, std::uint32_t bytes) noexcept {
  return *reinterpret_cast<SlotClass*>(reinterpret_cast<std::byte*>(&slot) + bytes);
}
inline std::uint32_t class_offset(const HeapSlot& slot, const SlotClass& own) noexcept {
  return static_cast<std::uint32_t>(reinterpret_cast<const std::byte*>(&own) -
                                    reinterpret_cast<const std::byte*>(&slot));
}

/// The header, for who has the heap's base in a register anyway.
inline const HeapHeader& header_at(const std::byte* base) noexcept {
  return *reinterpret_cast<const HeapHeader*>(base);
}

}  // namespace detail

inline detail::Slab& Heap::slab_of(detail::PageEntry entry) const noexcept {
  return *reinterpret_cast<detail::Slab*>(reinterpret_cast<std::byte*>(slabs_) + entry.record());
}

/// The block that goes out next. `kept` is how many are kept, and not 0.
inline void* Heap::take_kept(detail::SlotClass& own, std::uint32_t kept) const noexcept {
  const std::uint32_t last = kept - 1;
  own.kept_count = last;
  std::byte* block = base_ + std::uint64_t{own.kept[last]} * detail::kBlockAlignment;
  own.kept[last] = 0;
  return block;
}

/// A block of a slab, and up to kMoved more to keep where none are kept: the lowest of the word of
/// its hint, which has some.
inline void* Heap::take_hinted(detail::SlotClass& own, detail::Slab& slab) const noexcept {
  std::uint64_t rest = slab.free[slab.hint];
  const std::uint32_t step = detail::granule_of(slab.block_bytes);
  const std::uint32_t first =
      detail::granule_of(std::uint64_t{slab.first_page} << kPageBits) + slab.hint * 64u * step;
  const auto take_lowest = [&] {
    const auto bit = static_cast<std::uint32_t>(std::countr_zero(rest));
    rest &= rest - 1;
    return first + bit * step;
  };
  const std::uint32_t taken = take_lowest();
  // From behind, so that the lower ones go out first.
  std::uint32_t place = detail::kMoved;
  while (place > 0 && rest != 0) own.kept[--place] = take_lowest();
  const std::uint32_t more = detail::kMoved - place;
  if (place > 0) [[unlikely]] {
    for (std::uint32_t i = 0; i < detail::kMoved; ++i) {
      own.kept[i] = i < more ? own.kept[i + place] : 0;
    }
  }
  own.kept_count = more;
  slab.free[slab.hint] = rest;
  slab.free_blocks = static_cast<std::uint16_t>(slab.free_blocks - 1 - more);
  return base_ + std::uint64_t{taken} * detail::kBlockAlignment;
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
