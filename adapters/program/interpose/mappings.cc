// mmap(2) and its kin: private memory that may be written becomes part of the area, which goes
// back; what cannot go back is refused.
#include "adapters/program/interpose/mappings.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"

namespace cleave::program {
namespace {

std::size_t pages_of(std::size_t bytes) noexcept { return (bytes + 4095) & ~std::size_t{4095}; }
bool is_under_commits(const void* at, std::size_t bytes) noexcept {
  return program()->members().contains(at, bytes);
}

long refuse(const char* sentence, long answer) noexcept {
  say(sentence);
  return answer;
}

long map_shared(void* at, std::size_t bytes, int protection, int flags, int file, long offset) {
  if ((protection & PROT_WRITE) != 0 || (flags & MAP_ANONYMOUS) != 0) {
    return refuse("mmap refused: what shared memory holds would not go back", -EACCES);
  }
  return raw::map(at, bytes, protection, flags, file, offset);
}

}  // namespace

long map_for_program(void* at, std::size_t bytes, int protection, int flags, int file, long offset,
                     Mapper mapper) noexcept {
  if (!is_programs_call()) return raw::map(at, bytes, protection, flags, file, offset);
  if (bytes == 0) return -EINVAL;
  bytes = pages_of(bytes);
  Area& area = program()->area();
  if ((flags & MAP_TYPE) != MAP_PRIVATE) {
    return map_shared(at, bytes, protection, flags, file, offset);
  }
  const int source = (flags & MAP_ANONYMOUS) != 0 ? -1 : file;
  if ((flags & MAP_HUGETLB) != 0) return -EINVAL;
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
    if ((flags & MAP_FIXED) != 0 && area.contains(at, bytes)) {
      return area.map(at, bytes, protection, source, offset);
    }
    return refuse("mmap refused: at an address of its own choice, memory would not go back",
                  (flags & MAP_FIXED) != 0 ? -ENOMEM : -EEXIST);
  }
  // A file that is only read is the same whenever the program goes back.
  const bool is_only_read =
      mapper == Mapper::program && source >= 0 && (protection & (PROT_WRITE | PROT_EXEC)) == 0;
  if (is_only_read) return raw::map(nullptr, bytes, protection, flags, file, offset);
  if ((flags & MAP_32BIT) != 0) {
    return refuse("mmap refused: in the lowest part of the address space, memory would not go back",
                  -ENOMEM);
  }
  return area.map(nullptr, bytes, protection, source, offset);
}

// What the kernel has mapped stays: a commit may know it.
long unmap_for_program(void* at, std::size_t bytes) noexcept {
  if (!is_programs_call()) return raw::unmap(at, bytes);
  if (bytes == 0 || (reinterpret_cast<std::uintptr_t>(at) & 4095U) != 0) return -EINVAL;
  bytes = pages_of(bytes);
  return program()->area().contains(at, bytes) ? program()->area().unmap(at, bytes) : 0;
}

long protect_for_program(void* at, std::size_t bytes, int protection) noexcept {
  if (!is_programs_call()) return raw::protect(at, bytes, protection);
  bytes = pages_of(bytes);
  if (is_under_commits(at, bytes)) return program()->area().protect(at, bytes, protection);
  if ((protection & PROT_WRITE) != 0) {
    return refuse("mprotect refused: what is written to a mapped file would not go back", -EACCES);
  }
  return raw::protect(at, bytes, protection);
}

long advise_for_program(void* at, std::size_t bytes, int advice) noexcept {
  bytes = pages_of(bytes);
  if (!is_programs_call() || !is_under_commits(at, bytes)) return raw::advise(at, bytes, advice);
  constexpr int kDontNeedLocked = 24;  // Linux 5.18
  if (advice == MADV_DONTNEED || advice == kDontNeedLocked) {
    return program()->area().drop(at, bytes);
  }
  // To these no program may hold the kernel; it would refuse some, of shared memory.
  if (advice == MADV_FREE || advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE) return 0;
  if (advice == MADV_DONTFORK || advice == MADV_DOFORK) return 0;
  if (advice == MADV_REMOVE) return -EINVAL;  // as of private memory
  return raw::advise(at, bytes, advice);
}

long remap_for_program(void* at, std::size_t old_bytes, std::size_t bytes, int flags,
                       void* to) noexcept {
  if (!is_programs_call()) {
    return raw::call(SYS_mremap, raw::as_word(at), static_cast<long>(old_bytes),
                     static_cast<long>(bytes), flags, raw::as_word(to));
  }
  old_bytes = pages_of(old_bytes);
  bytes = pages_of(bytes);
  if (old_bytes == 0 || bytes == 0) return -EINVAL;
  if ((flags & ~MREMAP_MAYMOVE) != 0 || !program()->area().contains(at, old_bytes)) {
    return refuse("mremap refused: what it moves would not go back", -EINVAL);
  }
  return program()->area().resize(at, old_bytes, bytes, (flags & MREMAP_MAYMOVE) != 0);
}

namespace {

/// As the C library has it: -1 and errno.
template <class T>
T as_c(long answer) noexcept {
  if (!raw::is_error(answer)) return (T)answer;  // NOLINT: a number or an address
  errno = static_cast<int>(-answer);
  return (T)-1;  // NOLINT
}

}  // namespace
}  // namespace cleave::program

using namespace cleave::program;

#pragma GCC visibility push(default)
extern "C" {

void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  return as_c<void*>(map_for_program(at, bytes, protection, flags, file, offset));
}
void* mmap64(void* at, std::size_t bytes, int protection, int flags, int file, off64_t offset) {
  return mmap(at, bytes, protection, flags, file, offset);
}
int munmap(void* at, std::size_t bytes) { return as_c<int>(unmap_for_program(at, bytes)); }
int mprotect(void* at, std::size_t bytes, int protection) {
  return as_c<int>(protect_for_program(at, bytes, protection));
}
int madvise(void* at, std::size_t bytes, int advice) {
  return as_c<int>(advise_for_program(at, bytes, advice));
}
void* mremap(void* at, std::size_t old_bytes, std::size_t bytes, int flags, ...) {
  va_list more;
  va_start(more, flags);
  void* to = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
  va_end(more);
  return as_c<void*>(remap_for_program(at, old_bytes, bytes, flags, to));
}
// The heap of this library is the program's; what moves the break has its own.
void* sbrk(std::intptr_t increment) {
  if (increment == 0) return as_c<void*>(raw::call(SYS_brk, 0));
  if (is_programs_call()) say("sbrk refused: the memory would not go back");
  errno = ENOMEM;
  return reinterpret_cast<void*>(-1);
}
int brk(void* /*end*/) {
  if (is_programs_call()) say("brk refused: the memory would not go back");
  errno = ENOMEM;
  return -1;
}

}  // extern "C"
#pragma GCC visibility pop
