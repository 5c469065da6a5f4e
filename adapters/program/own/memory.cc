#include "adapters/program/own/memory.h"

#include "adapters/program/memory/reserved_heap.h"

namespace cleave::program {
namespace {

constinit ReservedHeap own_heap;
constinit unsigned depth = 0;

}  // namespace

AtWork::AtWork() noexcept { ++depth; }
AtWork::~AtWork() { --depth; }
bool AtWork::now() noexcept { return depth != 0; }

namespace own {

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  Heap* heap = own_heap.get();
  return heap == nullptr ? nullptr : heap->allocate(bytes, alignment);
}
void* allocate_zeroed(std::size_t bytes) noexcept {
  Heap* heap = own_heap.get();
  return heap == nullptr ? nullptr : heap->allocate_zeroed(bytes);
}
void* reallocate(void* block, std::size_t bytes) noexcept {
  Heap* heap = own_heap.get();
  return heap == nullptr ? nullptr : heap->reallocate(block, bytes);
}
void deallocate(void* block) noexcept { own_heap.get()->deallocate(block); }
std::size_t usable_size(const void* block) noexcept {
  return own_heap.get()->usable_size(block).value;
}
bool contains(const void* at) noexcept { return own_heap.contains(at); }

}  // namespace own
}  // namespace cleave::program
