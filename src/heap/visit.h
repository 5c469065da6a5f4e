// Being inside a heap: each operation is a visit to the caller's slot, and a pause keeps all
// visitors out.
//
//     visiting                              pausing
//     inside = 1         (store)            paused = 1         (store)
//     light fence                           heavy fence
//     paused?            (load)             inside == 0?       (load), else wait
//
// One of the two sees the other. So a visit costs two plain stores and a load, and yet a thread
// that finds the heap full can collect what lies unused in the slots of others, whether they live
// or not.
#pragma once

#include <algorithm>

#include <cleave/heap.h>

#include "heap/layout.h"
#include "sync/heavy_fence.h"
#include "sync/wait.h"

namespace cleave {

namespace detail {

/// Says that the caller is in its own slot; false: the heap is paused, leave() and wait.
inline bool enter(HeapSlot& slot, const HeapHeader& header) noexcept {
  slot.inside.store(1, sync::relaxed);
  sync::light_fence("heap.enter");
  return header.paused.load(sync::acquire) == 0;  // acquire: pairs with the end of a pause
}
/// The same for a thread whose number is below `Heap::light_slots_`.
inline bool enter_lightly(HeapSlot& slot, const HeapHeader& header) noexcept {
  slot.inside.store(1, sync::relaxed);
  sync::light_fence("heap.enter", true);
  return header.paused.load(sync::acquire) == 0;  // acquire: pairs with the end of a pause
}
/// release: who pauses the heap has seen all that was done inside.
inline void leave(HeapSlot& slot) noexcept { slot.inside.store(0, sync::release); }

}  // namespace detail

inline unsigned Heap::slot_number() const noexcept {
  return std::min(detail::sync::thread_number(), shared_slot_);
}

/// In the caller's slot for a scope: its own, or with the lock of the shared one.
class [[nodiscard]] Heap::Visit {
 public:
  explicit Visit(const Heap& heap) noexcept
      : heap_(heap),
        header_(*heap.header_),
        number_(heap.slot_number()),
        slot_(heap.slots_[number_]) {
    if (number_ == heap_.shared_slot_) header_.shared_slot.lock();
    while (!detail::enter(slot_, header_)) {
      detail::leave(slot_);
      (void)detail::sync::wait_until(
          header_.paused, [](std::uint32_t paused) { return paused == 0; }, "heap.resumed");
    }
  }
  ~Visit() {
    detail::leave(slot_);
    if (number_ == heap_.shared_slot_) header_.shared_slot.unlock();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  [[nodiscard]] unsigned number() const noexcept { return number_; }
  [[nodiscard]] detail::HeapSlot& slot() const noexcept { return slot_; }

 private:
  const Heap& heap_;
  detail::HeapHeader& header_;
  const unsigned number_;
  detail::HeapSlot& slot_;
};

/// While it lives, no thread is inside, and its maker may look at and change every slot. Its maker
/// must not be inside either: two that pause would wait for each other.
class [[nodiscard]] Heap::Pause {
 public:
  explicit Pause(const Heap& heap) noexcept : header_(*heap.header_) {
    header_.pause.lock();
    header_.paused.store(1, detail::sync::relaxed);
    detail::sync::heavy_fence("heap.pause");
    for (unsigned i = 0; i <= heap.shared_slot_; ++i) {
      (void)detail::sync::wait_until(
          heap.slots_[i].inside, [](std::uint32_t inside) { return inside == 0; }, "heap.left");
    }
  }
  ~Pause() {
    header_.paused.store(0, detail::sync::release);
    header_.pause.unlock();
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  detail::HeapHeader& header_;
};

}  // namespace cleave
