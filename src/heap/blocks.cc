// The common case: a block of the caller's own slot, and no list changes. These functions keep to
// registers and call nothing; what is not common starts again from the beginning, in slabs.cc.

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/place.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;

void* Heap::allocate(ByteCount size, ByteCount alignment) noexcept {
  const std::size_t bytes = size.value;
  const std::size_t boundary = alignment.value;
  if (bytes > kLargestSmall || boundary - 1 >= kBlockAlignment) [[unlikely]] {
    return allocate_otherwise(bytes, boundary);
  }
  const unsigned size_class = class_of(bytes);
  const unsigned number = sync::thread_number_if_known();
  if (number < shared_slot_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter(slot, *header_)) [[likely]] {
      SlotClass& own = slot.classes[size_class];
      if (const std::uint32_t kept = own.kept_count; kept != 0) {
        void* block = base_ + std::uint64_t{own.kept[kept - 1]} * kBlockAlignment;
        own.kept[kept - 1] = 0;
        own.kept_count = kept - 1;
        leave(slot);
        return block;
      }
      Slab& slab = slabs_[own.slab];
      std::uint64_t& free = slab.free[slab.hint];
      if (free != 0) [[likely]] {
        void* block = take_block(slab, free);
        leave(slot);
        return block;
      }
    }
    leave(slot);
  }
  return allocate_small(size_class);
}

void Heap::deallocate(void* block) noexcept {
  const unsigned number = sync::thread_number_if_known();
  const std::uint64_t offset = offset_of(block);
  if (number < shared_slot_ && offset < size_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter(slot, *header_)) [[likely]] {
      const PageEntry entry = entries_[offset >> kPageBits];
      if (entry.is_slab_of(number)) [[likely]] {
        const BlockAt at = block_in_slab(entry, offset);
        SlotClass& own = slot.classes[entry.size_class()];
        if (at.starts) [[likely]] {
          Slab& slab = slabs_[entry.number()];
          const std::uint32_t kept = own.kept_count;
          if (kept == own.kept.size()) return free_into_slab(slot, slab, at.index, block);
          const auto granule = static_cast<std::uint32_t>(offset / kBlockAlignment);
          const bool is_free = (slab.free[at.index / 64] >> at.index % 64 & 1) != 0;
          // Only three of those kept can be it: the fourth place is empty.
          if (!is_free && at.index < slab.blocks && own.kept[0] != granule &&
              own.kept[1] != granule && own.kept[2] != granule) [[likely]] {
            own.kept[kept] = granule;
            own.kept_count = kept + 1;
            return leave(slot);
          }
        }
      }
    }
    leave(slot);
  }
  deallocate_slowly(block);
}

void Heap::free_into_slab(HeapSlot& slot, Slab& slab, unsigned index, void* block) noexcept {
  std::uint64_t& free = slab.free[index / 64];
  const std::uint64_t bit = std::uint64_t{1} << index % 64;
  const unsigned free_blocks = slab.free_blocks + 1u;
  const auto granule = static_cast<std::uint32_t>(offset_of(block) / kBlockAlignment);
  if (!keeps(slot.classes[slab.size_class], granule) && (free & bit) == 0 && index < slab.blocks &&
      free_blocks < slab.blocks && slab.linked != 0) [[likely]] {
    free |= bit;
    slab.hint = static_cast<std::uint8_t>(index / 64);
    slab.free_blocks = static_cast<std::uint16_t>(free_blocks);
    return leave(slot);
  }
  leave(slot);
  deallocate_slowly(block);
}

}  // namespace cleave
