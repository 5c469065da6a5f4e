// What the model allocates lies in a heap, and so goes back with it. Verilator's models and its
// library are built with the program: its operator new is theirs.
#pragma once

#include <cleave/heap.h>

namespace cleave::example {

/// While one lives, objects are made in that heap. They may be freed at any time.
class InHeap {
 public:
  explicit InHeap(const Heap& heap) noexcept;
  ~InHeap();
  InHeap(const InHeap&) = delete;
  InHeap& operator=(const InHeap&) = delete;
};

}  // namespace cleave::example
