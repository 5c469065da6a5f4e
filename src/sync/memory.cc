#include "sync/memory.h"

#include <cstdlib>
#include <cstring>

#include <cleave/detail/atomic.h>

namespace cleave::detail::sync {
namespace {

// Tests write, every allocating thread reads; no data hangs on the order, so all is relaxed.
atomic<std::int64_t> until_failure{0};  // 0: disarmed; else counts down to the victim
atomic<bool> struck{false};

}  // namespace

bool allocation_fails() noexcept {
  if (until_failure.peek() == 0) [[likely]]
    return false;
  if (until_failure.fetch_sub(1, relaxed) != 1) return false;
  struck.store(true, relaxed);
  return true;
}

void fail_allocation(std::uint64_t k) noexcept {
  struck.store(false, relaxed);
  until_failure.store(static_cast<std::int64_t>(k), relaxed);
}

bool allocation_failed() noexcept { return struck.load(relaxed); }

namespace {

void* from_the_system(std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

}  // namespace

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (allocation_fails()) return nullptr;
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) return s->allocate(bytes, alignment);
#endif
  return from_the_system(bytes, alignment);
}

void* allocate_zeroed(std::size_t bytes) noexcept {
  if (allocation_fails()) return nullptr;
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) {
    void* memory = s->allocate(bytes, alignof(std::max_align_t));
    if (memory != nullptr) std::memset(memory, 0, bytes);
    return memory;
  }
#endif
  return std::calloc(1, bytes);
}

void deallocate(void* memory) noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) return s->deallocate(memory);
#endif
  std::free(memory);
}

#ifdef CLEAVE_EXPLORED

void* Scheduler::allocate(std::size_t bytes, std::size_t alignment) {
  return from_the_system(bytes, alignment);
}
void Scheduler::deallocate(void* memory) { std::free(memory); }

#endif

}  // namespace cleave::detail::sync
