// What a core allocates lies in a heap, and so goes back with it. This program's malloc(3) and its
// kin, and mmap(2) of anonymous memory, come before the C library's: while a core is at work, they
// take from the heap.
#pragma once

#include <cleave/heap.h>

namespace cleave::example {

/// From now on cores allocate there. It stays until the process ends, since cores free as they end.
void core_allocates_from(const Heap& heap);

/// While one lives, it is the core that is at work, or this program within a call of the core's.
class CoreAtWork {
 public:
  explicit CoreAtWork(bool it_is = true) noexcept;
  ~CoreAtWork();
  CoreAtWork(const CoreAtWork&) = delete;
  CoreAtWork& operator=(const CoreAtWork&) = delete;

 private:
  bool before_;
};

}  // namespace cleave::example
