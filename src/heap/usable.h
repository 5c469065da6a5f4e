// Whether a heap can be used in this process. A child of fork(2) that has the memory, which no
// arena's is, has the heap as other threads left it.
#pragma once

#include <span>

#include "heap/layout.h"
#include "sync/process.h"

namespace cleave::detail {

/// For is_usable(), in a child: takes the heap over if no thread was inside at the fork.
bool take_over(HeapHeader& header, std::span<HeapSlot> slots) noexcept;

/// Whether this process is the one that uses the heap.
inline bool is_ours(const HeapHeader& header) noexcept {
  return sync::Process::numbered(header.process.load(sync::acquire)).is_here();
}

/// Asked before a lock of the heap is taken, or a thread of it waited for. False: another thread
/// was inside when this process was forked off, and it stays so until open(). What a thread finds
/// in its own slot without a lock is good in any case.
inline bool is_usable(HeapHeader& header, std::span<HeapSlot> slots) noexcept {
  if (is_ours(header)) [[likely]]
    return true;
  return take_over(header, slots);
}

}  // namespace cleave::detail
