#include "frames/slots/reserved.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <cleave/detail/explored.h>
#include <cleave/units.h>

#include "base/kernel_abi.h"
#include "sync/memory.h"

namespace cleave::detail {

#ifdef CLEAVE_EXPLORED

// A run's pool is small, and its addresses must be the same in every run.
void* reserve_zeroed(std::uint64_t bytes) noexcept {
  void* memory = sync::allocate(bytes, alignof(std::max_align_t));
  return memory == nullptr ? nullptr : std::memset(memory, 0, bytes);
}
void fill_reserved(void* /*part*/, std::uint64_t /*bytes*/) noexcept {}
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
void fill_reserved(void* part, std::uint64_t bytes) noexcept {
  const std::uint64_t begun = -reinterpret_cast<std::uintptr_t>(part) & (kPageSize - 1);
  if (bytes < begun + 2 * kPageSize) return;  // no more than a touch would do
  const std::uint64_t whole = (bytes - begun) & ~(kPageSize - 1);
  (void)madvise(static_cast<std::byte*>(part) + begun, whole, MADV_POPULATE_WRITE);
}
void give_back_reserved(void* memory, std::uint64_t bytes) noexcept {
  if (memory != nullptr) (void)munmap(memory, bytes);
}

#endif

}  // namespace cleave::detail
