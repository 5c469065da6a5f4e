#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdlib>
#include <span>

#include <cleave/heap.h>
#include <cleave/must.h>

#include "bench/heap/alloc.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

Heap heap_on_plain_memory() {
  constexpr std::size_t kBytes = std::size_t{4} << 30;
  void* base = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  measure::must_hold(base != MAP_FAILED, "mmap(2) failed for a heap");
  return must(Heap::create({static_cast<std::byte*>(base), kBytes}));
}

// Set once by our_heap(): a load where a function's static would be a look at its guard in every
// call.
Heap* heap = nullptr;

std::optional<Allocator> load_mimalloc() {
  void* library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  const auto function = [&](const char* name) {
    void* found = dlsym(library, name);
    measure::must_hold(found != nullptr, "libmimalloc.so.2 lacks a function that it is known for");
    return found;
  };
  return Allocator{
      .name = "mimalloc",
      .allocate = reinterpret_cast<void* (*)(std::size_t)>(function("mi_malloc")),
      .deallocate = reinterpret_cast<void (*)(void*)>(function("mi_free")),
      .reallocate = reinterpret_cast<void* (*)(void*, std::size_t)>(function("mi_realloc"))};
}

}  // namespace

const Allocator& our_heap() {
  static Heap made = heap_on_plain_memory();
  heap = &made;
  static const Allocator ours{
      .name = "the arena's heap",
      .allocate = [](std::size_t bytes) { return heap->allocate(bytes); },
      .deallocate = [](void* block) { heap->deallocate(block); },
      .reallocate = [](void* block, std::size_t bytes) { return heap->reallocate(block, bytes); }};
  return ours;
}

const Allocator& glibc() {
  static const Allocator theirs{.name = "malloc of the C library",
                                .allocate = std::malloc,
                                .deallocate = std::free,
                                .reallocate = std::realloc};
  return theirs;
}

const std::optional<Allocator>& mimalloc() {
  static const std::optional<Allocator> theirs = load_mimalloc();
  return theirs;
}

}  // namespace cleave::bench
