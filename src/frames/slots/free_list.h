// Free slots or frames, last in first out, so that the next copy lands in memory that is still in
// the cache. Links live beside them (4 bytes each), so pushing cannot fail.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/word.h>
#include <cleave/units.h>

#include "frames/slots/slot.h"

namespace cleave::detail {

/// Links from a free one to the next; indexed by number. Meaningful for free ones only.
using Links = sync::atomic<std::uint32_t>*;

/// A chain of free ones, linked through Links, held by one thread. Number 0 is never free.
template <class Id>
struct Chain {
  Id first{0};
  Id last{0};
  std::uint64_t count = 0;

  [[nodiscard]] bool empty() const { return count == 0; }
  void push(Id id, Links links) {
    links[raw(id)].store(raw(first), sync::relaxed);  // published by FreeList::push
    first = id;
    if (count++ == 0) last = id;
  }
  /// Precondition: it is not empty.
  Id pop(Links links) {
    const Id id = first;
    first = Id{links[raw(id)].load(sync::relaxed)};
    --count;
    return id;
  }
};
using FrameChain = Chain<FrameId>;
using SlotChain = Chain<Slot>;

/// A lock-free stack (Treiber). The head carries a tag that changes with every operation: one that
/// was popped, used and pushed again between another thread's look and its exchange is no longer
/// the same head.
template <class Id>
class FreeList {
 public:
  /// Any thread. O(1), however long the chain.
  void push(const Chain<Id>& chain, Links links) noexcept {
    std::uint64_t head = head_.load(sync::relaxed);
    do {
      links[raw(chain.last)].store(number_in(head), sync::relaxed);
    } while (!head_.compare_exchange(head, make(raw(chain.first), head), sync::release));
  }

  /// Any thread. Number 0 when empty.
  Id pop(Links links) noexcept { return pop_chain(1, links).first; }

  /// Any thread. As many as there are, `most` at most (and at least 1), in one exchange.
  Chain<Id> pop_chain(std::uint64_t most, Links links) noexcept {
    // acquire: pairs with the release in push(); the links were written before it. An exchange that
    // only takes goes on with what was released: it has nothing to release itself.
    std::uint64_t head = head_.load(sync::acquire);
    for (;;) {
      Chain<Id> chain{Id{number_in(head)}};
      std::uint32_t next = number_in(head);
      // Links of what another thread pops meanwhile may lead anywhere; the exchange then fails on
      // the tag.
      while (next != 0 && chain.count < most) {
        chain.last = Id{next};
        next = links[next].load(sync::relaxed);
        ++chain.count;
      }
      if (chain.empty()) return chain;
      if (head_.compare_exchange(head, make(next, head), sync::acquire)) {
        sync::prefetch_for_write(&links[next]);  // the next pop reads it
        return chain;
      }
    }
  }

  /// Everything at once; the first of the chain, number 0 when there was none.
  Id pop_all() noexcept {
    std::uint64_t head = head_.load(sync::acquire);
    while (!head_.compare_exchange(head, make(0, head), sync::acquire)) {
    }
    return Id{number_in(head)};
  }

 private:
  static constexpr std::uint32_t number_in(std::uint64_t head) {
    return static_cast<std::uint32_t>(head);
  }
  static std::uint64_t make(std::uint32_t first, std::uint64_t old) {
    const std::uint64_t another = sync::performs("free_list.tag") ? 1 : 0;
    return (((old >> 32) + another) << 32) | first;
  }

  sync::atomic<std::uint64_t> head_{0};  // low half the first, high half the tag
};

}  // namespace cleave::detail
