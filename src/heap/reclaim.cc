// What a thread does before it says that the heap is full. The heap is paused: slots of other
// threads, living or ended, may be looked into.

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/place.h"

namespace cleave {
using namespace detail;

// Takes note of all frees, and gives the pages of wholly free slabs back.
void Heap::reclaim() noexcept {
  for (unsigned i = 0; i <= shared_slot_; ++i) {
    HeapSlot& slot = slots_[i];
    put_kept_back(slot);
    collect(slot);
    for (const SlotClass& own : slot.classes) {
      for (std::uint32_t number = own.slab; number != 0;) {
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

void Heap::put_kept_back(HeapSlot& slot) noexcept {
  for (SlotClass& own : slot.classes) {
    while (own.kept_count != 0) {
      const std::byte* block = base_ + std::uint64_t{own.kept[--own.kept_count]} * kBlockAlignment;
      own.kept[own.kept_count] = 0;
      put_back(slot, find(block), block);
    }
  }
}

// Makes a slab with free blocks that another slot owns this slot's, and takes a block of it.
void* Heap::adopt(unsigned number, unsigned size_class) noexcept {
  for (unsigned i = 0; i <= shared_slot_; ++i) {
    HeapSlot& from = slots_[i];
    for (std::uint32_t found = from.classes[size_class].slab; found != 0;
         found = slabs_[found].next) {
      Slab& slab = slabs_[found];
      if (slab.free_blocks == 0) continue;
      unlink(from, found);
      slab.owner = static_cast<std::uint8_t>(number);
      name_pages(slab, found);
      link(slots_[number], found);
      return refill(number, size_class);
    }
  }
  return nullptr;
}

}  // namespace cleave
