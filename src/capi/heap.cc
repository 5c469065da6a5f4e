// Heaps, for C.
#include <bit>
#include <limits>

#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_heap* cleave_heap_create(void* memory, uint64_t bytes, cleave_error* error) {
  return c::handle_of<cleave_heap>([&] { return Heap::create(c::bytes(memory, bytes)); }, error);
}

cleave_heap* cleave_heap_open(void* memory, uint64_t bytes, cleave_error* error) {
  return c::handle_of<cleave_heap>([&] { return Heap::open(c::bytes(memory, bytes)); }, error);
}

void cleave_heap_release(cleave_heap* heap) { sync::destroy(heap); }

void* cleave_heap_malloc(cleave_heap* heap, size_t bytes) {
  if (heap == nullptr) return nullptr;
  return heap->heap.allocate(bytes);
}

void* cleave_heap_calloc(cleave_heap* heap, size_t count, size_t bytes) {
  if (heap == nullptr) return nullptr;
  if (bytes != 0 && count > std::numeric_limits<size_t>::max() / bytes) return nullptr;
  return heap->heap.allocate_zeroed(count * bytes);
}

void* cleave_heap_realloc(cleave_heap* heap, void* block, size_t bytes) {
  if (heap == nullptr) return nullptr;
  return heap->heap.reallocate(block, bytes);
}

void* cleave_heap_aligned_alloc(cleave_heap* heap, size_t alignment, size_t bytes) {
  if (heap == nullptr) return nullptr;
  if (!std::has_single_bit(alignment)) return nullptr;
  return heap->heap.allocate(bytes, alignment);
}

void cleave_heap_free(cleave_heap* heap, void* block) {
  if (heap == nullptr) return;
  heap->heap.deallocate(block);
}

size_t cleave_heap_usable_size(const cleave_heap* heap, const void* block) {
  if (heap == nullptr) return 0;
  return heap->heap.usable_size(block).value;
}
