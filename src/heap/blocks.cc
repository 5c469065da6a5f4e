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
  const std::uint64_t number = sync::thread_number_at_hand();
  if (number < light_slots_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter_lightly(slot, *header_)) [[likely]] {
      void* block = take_at_hand(slot.classes[size_class]);
      leave(slot);
      if (block != nullptr) [[likely]]
        return block;
    } else {
      leave(slot);
    }
  }
  return allocate_small(size_class);
}

void Heap::deallocate(void* block) noexcept {
  const std::uint64_t number = sync::thread_number_at_hand();
  const std::uint64_t offset = offset_of(block);
  if (number < light_slots_ && offset < size_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter_lightly(slot, *header_)) [[likely]] {
      const PageEntry entry = entries_[offset >> kPageBits];
      if (entry.is_slab_of(static_cast<unsigned>(number))) [[likely]] {
        const BlockAt at = block_in_slab(entry, offset);
        SlotClass& own = slot.classes[entry.size_class()];
        Slab& slab = slabs_[entry.number()];
        const std::uint32_t granule = granule_of(offset);
        if (at.starts && is_allocated(own, slab, at.index, granule)) [[likely]] {
          if (keep(own, granule)) return leave(slot);
          return free_into_slab(block, slot, slab, at.index);
        }
      }
    }
    leave(slot);
  }
  deallocate_slowly(block);
}

// Apart, so that the function above gets along with the registers that it need not save.
[[gnu::noinline]] void Heap::free_into_slab(void* block, HeapSlot& slot, Slab& slab,
                                            unsigned index) noexcept {
  const bool done = put_into(slab, index);
  leave(slot);
  if (!done) [[unlikely]]
    deallocate_slowly(block);
}

}  // namespace cleave
