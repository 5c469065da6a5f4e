// The common case: a block of the caller's own slot. What is most common keeps to registers and
// calls nothing; what would take a lock starts again from the beginning, in slabs.cc.

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/place.h"
#include "heap/usable.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;

void* Heap::allocate(ByteCount size) noexcept {
  std::uint32_t class_offset;
  if (size.value <= kMostLookedUp) [[likely]] {
    class_offset = class_offset_of_short(size.value);
  } else if (size.value <= kLargestSmall) {
    class_offset = class_of(size.value) * kClassStride;
  } else {
    return size.value <= size_ ? allocate_large(size.value, kBlockAlignment, false) : nullptr;
  }
  const std::uint64_t number = sync::thread_number_at_hand();
  if (number < light_slots_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter_lightly(slot, header_at(base_))) [[likely]] {
      SlotClass& own = class_at(slot, class_offset);
      const std::uint32_t kept = own.kept_count;
      if (kept == 0) return allocate_from_slab(slot, own);
      void* block = take_kept(own, kept);
      leave(slot);
      return block;
    }
    leave(slot);
  }
  return allocate_small(class_offset / kClassStride);
}

// Apart, each, so that the function above gets along with the registers that it need not save.
[[gnu::noinline]] void* Heap::allocate_from_slab(HeapSlot& slot, SlotClass& own) noexcept {
  Slab& slab = slabs_[own.slab];
  if (slab.free[slab.hint] == 0) return allocate_from_list(slot, own);
  void* block = take_hinted(own, slab);
  leave(slot);
  return block;
}

[[gnu::noinline]] void* Heap::allocate_from_list(HeapSlot& slot, SlotClass& own) noexcept {
  const unsigned size_class = class_offset(slot, own) / kClassStride;
  void* block = take_listed(slot, size_class);
  leave(slot);
  return block != nullptr ? block : allocate_small(size_class);
}

void Heap::deallocate(void* block) noexcept {
  const std::uint64_t number = sync::thread_number_at_hand();
  const std::uint64_t offset = offset_of(block);
  if (number < light_slots_ && offset < size_) [[likely]] {
    HeapSlot& slot = slots_[number];
    if (enter_lightly(slot, header_at(base_))) [[likely]] {
      const PageEntry entry = entries_[offset >> kPageBits];
      if (entry.is_of(number)) [[likely]] {
        Slab& slab = slab_of(entry);
        const BlockAt at = block_in_own_slab(slab, offset);
        SlotClass& own = class_at(slot, entry.class_offset());
        const std::uint32_t granule = granule_of(offset);
        if (at.starts && is_allocated(own, slab, at.index, granule)) [[likely]] {
          if (keep(own, granule)) return leave(slot);
          return free_beyond_kept(block, slot, own, slab, at.index);
        }
      } else if (entry.is_slab()) {
        return free_of_another(block, slot, entry);
      }
    }
    leave(slot);
  }
  deallocate_slowly(block);
}

// A block of which as many are kept as may be. Apart, for the same reason.
[[gnu::noinline]] void Heap::free_beyond_kept(void* block, HeapSlot& slot, SlotClass& own,
                                              Slab& slab, unsigned index) noexcept {
  if (slot.last_full != class_offset(slot, own)) {
    return free_and_make_room(block, slot, own, slab, index);
  }
  const bool done = put_into(slab, index);
  leave(slot);
  if (!done) [[unlikely]]
    deallocate_slowly(block);
}

[[gnu::noinline]] void Heap::free_and_make_room(void* block, HeapSlot& slot, SlotClass& own,
                                                Slab& slab, unsigned index) noexcept {
  make_room(slot, own);
  const bool done = keep(own, granule_of(offset_of(block))) || put_into(slab, index);
  leave(slot);
  if (!done) [[unlikely]]
    deallocate_slowly(block);
}

[[gnu::noinline]] void Heap::free_of_another(void* block, HeapSlot& slot,
                                             PageEntry entry) noexcept {
  const BlockAt at = block_in_slab(entry, offset_of(block));
  const bool good = at.starts && is_ours(*header_);
  if (good) free_remotely(entry, at.index, block);
  leave(slot);
  if (!good) deallocate_slowly(block);
}

}  // namespace cleave
