#include "examples/verilator/inside.h"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>

namespace cleave::example {
namespace {
constinit std::optional<Heap> heap;
constinit bool is_inside = false;
}  // namespace

InHeap::InHeap(const Heap& from) noexcept {
  heap = from;
  is_inside = true;
}
InHeap::~InHeap() { is_inside = false; }

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* const block = is_inside         ? heap->allocate(bytes, alignment)
                      : alignment <= 16 ? std::malloc(bytes)
                                        : std::aligned_alloc(alignment, bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void deallocate(void* block) noexcept {
  if (heap && heap->contains(block)) return heap->deallocate(block);
  std::free(block);
}

}  // namespace
}  // namespace cleave::example

using namespace cleave::example;

void* operator new(std::size_t bytes) { return allocate(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { deallocate(block); }
void operator delete(void* block, std::size_t) noexcept { deallocate(block); }
void operator delete(void* block, std::align_val_t) noexcept { deallocate(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { deallocate(block); }
