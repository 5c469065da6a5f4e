// What a thread does before it says that the heap is full. The heap is paused: slots of other threads, living or
// ended, may be looked into.

#include "cleave/arena/heap.h"
#include "cleave/arena/heap_layout.h"

namespace cleave {

// Takes note of all frees, and gives the pages of wholly free slabs back.
void Heap::reclaim() noexcept {
  for (unsigned i = 0; i < kSlots; ++i) {
    HeapSlot& slot = slots_[i];
    collect(slot);
    for (const std::uint32_t& first : slot.slabs) {
      for (std::uint32_t number = first; number != 0;) {
        const Slab& slab = slabs_[number];
        const std::uint32_t next = slab.next;
        if (slab.free_blocks == slab.blocks) {
          unlink(slot, number);
          release_slab(number);
        }
        number = next;
      }
    }
  }
}

// Makes a slab with free blocks that another slot owns this slot's, and takes a block of it.
void* Heap::adopt(unsigned number, unsigned size_class) noexcept {
  for (unsigned i = 0; i < kSlots; ++i) {
    HeapSlot& from = slots_[i];
    for (std::uint32_t found = from.slabs[size_class]; found != 0; found = slabs_[found].next) {
      Slab& slab = slabs_[found];
      if (slab.free_blocks == 0) continue;
      unlink(from, found);
      slab.owner = static_cast<std::uint8_t>(number);
      const std::uint32_t pages = slab_pages(kSizeClass[size_class], slab.blocks);
      for (std::uint32_t k = 0; k < pages; ++k) entries_[slab.first_page + k].owner = slab.owner;
      link(slots_[number], found);
      return refill(number, size_class);
    }
  }
  return nullptr;
}

}  // namespace cleave
