#include "examples/libretro/inside.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace cleave::example {
namespace {

constinit std::optional<Heap> heap;
constinit bool core_is_at_work = false;

constexpr std::size_t kPage = 4096;

bool is_cores(const void* block) noexcept { return heap && heap->contains(block); }

}  // namespace

void core_allocates_from(const Heap& from) { heap = from; }

CoreAtWork::CoreAtWork(bool it_is) noexcept : before_(core_is_at_work) { core_is_at_work = it_is; }
CoreAtWork::~CoreAtWork() { core_is_at_work = before_; }

}  // namespace cleave::example

using namespace cleave::example;

extern "C" {

// The C library's own, which has these names for it.
void* __libc_malloc(std::size_t bytes);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t each);         // NOLINT
void* __libc_realloc(void* block, std::size_t bytes);             // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t bytes);  // NOLINT
void __libc_free(void* block);                                    // NOLINT

void* malloc(std::size_t bytes) {
  return core_is_at_work ? heap->allocate(bytes) : __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t each) {
  std::size_t bytes = 0;
  if (!core_is_at_work) return __libc_calloc(count, each);
  if (__builtin_mul_overflow(count, each, &bytes)) return nullptr;
  return heap->allocate_zeroed(bytes);
}
void free(void* block) {
  if (is_cores(block)) return heap->deallocate(block);
  __libc_free(block);
}
void* realloc(void* block, std::size_t bytes) {
  if (block == nullptr) return malloc(bytes);
  return is_cores(block) ? heap->reallocate(block, bytes) : __libc_realloc(block, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  return core_is_at_work ? heap->allocate(bytes, alignment) : __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  *block = memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}

void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t from) noexcept {
  if (!core_is_at_work || at != nullptr || (flags & MAP_ANONYMOUS) == 0) {
    const long mapped = syscall(SYS_mmap, at, bytes, protection, flags, file, from);
    return reinterpret_cast<void*>(mapped);
  }
  void* const block = heap->allocate_zeroed((bytes + kPage - 1) & ~(kPage - 1), kPage);
  return block == nullptr ? MAP_FAILED : block;
}
int munmap(void* at, std::size_t bytes) noexcept {
  if (!is_cores(at)) return static_cast<int>(syscall(SYS_munmap, at, bytes));
  heap->deallocate(at);
  return 0;
}

}  // extern "C"
