#include "frames/slots/reserved.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <cleave/detail/explored.h>

#include "sync/memory.h"

namespace cleave::detail {

#ifdef CLEAVE_EXPLORED

// A run's pool is small, and its addresses must be the same in every run.
void* reserve_zeroed(std::uint64_t bytes) noexcept {
  void* memory = sync::allocate(bytes, alignof(std::max_align_t));
  return memory == nullptr ? nullptr : std::memset(memory, 0, bytes);
}
void give_back_reserved(void* memory, std::uint64_t /*bytes*/) noexcept {
  sync::deallocate(memory);
}

#else

void* reserve_zeroed(std::uint64_t bytes) noexcept {
  errno = ENOMEM;
  if (sync::allocation_fails()) return nullptr;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}
void give_back_reserved(void* memory, std::uint64_t bytes) noexcept {
  if (memory != nullptr) (void)munmap(memory, bytes);
}

#endif

}  // namespace cleave::detail
