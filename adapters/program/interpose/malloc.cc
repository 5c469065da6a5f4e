// malloc(3) and its kin: the program's lie in its heap, which goes back; those of this library at
// work in its own, which does not.
#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "adapters/program/memory/program_heap.h"
#include "adapters/program/own/memory.h"

namespace cleave::program {
namespace {

void* or_no_memory(void* block) noexcept {
  if (block == nullptr) errno = ENOMEM;
  return block;
}

void* allocate(std::size_t bytes, std::size_t alignment = 16) noexcept {
  if (AtWork::now()) return own::allocate(bytes, alignment);
  Heap* heap = program_heap().get();
  return or_no_memory(heap == nullptr ? nullptr : heap->allocate(bytes, alignment));
}

bool is_power_of_two(std::size_t n) noexcept { return n != 0 && (n & (n - 1)) == 0; }

}  // namespace
}  // namespace cleave::program

using cleave::program::AtWork;
using cleave::program::program_heap;
namespace own = cleave::program::own;

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t bytes) { return cleave::program::allocate(bytes); }

void* calloc(std::size_t count, std::size_t each) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, each, &bytes)) return cleave::program::or_no_memory(nullptr);
  if (AtWork::now()) return own::allocate_zeroed(bytes);
  cleave::Heap* heap = program_heap().get();
  return cleave::program::or_no_memory(heap == nullptr ? nullptr : heap->allocate_zeroed(bytes));
}

// What is in neither heap is the loader's, from before it knew of this library.
void free(void* block) {
  if (program_heap().contains(block)) return program_heap().if_made()->deallocate(block);
  if (own::contains(block)) own::deallocate(block);
}

void* realloc(void* block, std::size_t bytes) {
  if (block == nullptr) return malloc(bytes);
  if (bytes == 0) {
    free(block);
    return nullptr;
  }
  if (own::contains(block)) return own::reallocate(block, bytes);
  if (program_heap().contains(block)) {
    return cleave::program::or_no_memory(program_heap().if_made()->reallocate(block, bytes));
  }
  return cleave::program::or_no_memory(nullptr);
}

void* reallocarray(void* block, std::size_t count, std::size_t each) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, each, &bytes)) return cleave::program::or_no_memory(nullptr);
  return realloc(block, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
  return cleave::program::allocate(bytes, alignment < 16 ? 16 : alignment);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
void* valloc(std::size_t bytes) { return memalign(4096, bytes); }
void* pvalloc(std::size_t bytes) { return memalign(4096, (bytes + 4095) & ~std::size_t{4095}); }

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  if (alignment % sizeof(void*) != 0 || !cleave::program::is_power_of_two(alignment)) {
    return EINVAL;
  }
  const int kept = errno;
  void* made = memalign(alignment, bytes);
  errno = kept;
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

std::size_t malloc_usable_size(void* block) {
  if (program_heap().contains(block)) return program_heap().if_made()->usable_size(block).value;
  return own::contains(block) ? own::usable_size(block) : 0;
}

int malloc_trim(std::size_t /*keep*/) { return 0; }

}  // extern "C"
#pragma GCC visibility pop
