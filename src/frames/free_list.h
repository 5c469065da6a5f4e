// Free frames, last in first out, so that the next copy lands in a frame that is still in the
// cache. Links live beside the frames (4 bytes each), so pushing cannot fail.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace cleave::detail {

/// Links from a free frame to the next one; indexed by frame. Meaningful for free frames only.
using FrameLinks = sync::atomic<std::uint32_t>*;

/// A chain of free frames, linked through FrameLinks, held by one thread.
struct FrameChain {
  FrameId first = kZeroFrame;
  FrameId last = kZeroFrame;
  std::uint64_t count = 0;

  [[nodiscard]] bool empty() const { return count == 0; }
  void push(FrameId frame, FrameLinks links) {
    links[raw(frame)].store(raw(first), sync::relaxed);  // published by FreeList::push
    first = frame;
    if (count++ == 0) last = frame;
  }
};

/// A lock-free stack (Treiber). The head carries a tag that changes with every operation: a frame
/// that was popped, used and pushed again between another thread's look and its exchange is no
/// longer the same head.
class FreeList {
 public:
  /// Any thread. O(1), however long the chain.
  void push(const FrameChain& chain, FrameLinks links) noexcept {
    std::uint64_t head = head_.load(sync::relaxed);
    do {
      links[raw(chain.last)].store(frame_in(head), sync::relaxed);
    } while (!head_.compare_exchange(head, make(raw(chain.first), head), sync::release));
  }

  /// Any thread. kZeroFrame when empty.
  FrameId pop(FrameLinks links) noexcept {
    // acquire: pairs with the release in push(); the link was written before it.
    std::uint64_t head = head_.load(sync::acquire);
    for (;;) {
      const std::uint32_t frame = frame_in(head);
      if (frame == 0) return kZeroFrame;
      // May be stale when another thread pops the same frame; the exchange then fails on the tag.
      const std::uint32_t next = links[frame].load(sync::relaxed);
      if (head_.compare_exchange(head, make(next, head), sync::acq_rel)) {
        sync::prefetch_for_write(&links[next]);  // the next pop reads it
        return FrameId{frame};
      }
    }
  }

  /// Everything at once; the first frame of the chain, kZeroFrame when there was none.
  FrameId pop_all() noexcept {
    std::uint64_t head = head_.load(sync::acquire);
    while (!head_.compare_exchange(head, make(0, head), sync::acq_rel)) {
    }
    return FrameId{frame_in(head)};
  }

 private:
  static constexpr std::uint32_t frame_in(std::uint64_t head) {
    return static_cast<std::uint32_t>(head);
  }
  static std::uint64_t make(std::uint32_t frame, std::uint64_t old) {
    const std::uint64_t another = sync::performs("free_list.tag") ? 1 : 0;
    return (((old >> 32) + another) << 32) | frame;
  }

  sync::atomic<std::uint64_t> head_{0};  // low half the frame, high half the tag
};

}  // namespace cleave::detail
