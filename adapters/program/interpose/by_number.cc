// syscall(2): by number, a program can ask for anything. What a replaced function does for its
// name, this does for its number; what no commit can hold is refused here as well.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/mappings.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"

namespace cleave::program {
namespace {

using Words = std::array<long, 6>;

long refuse(const char* sentence) noexcept {
  say(sentence);
  return -ENOSYS;
}

void* address(long word) noexcept { return reinterpret_cast<void*>(word); }
std::size_t size(long word) noexcept { return static_cast<std::size_t>(word); }
int number(long word) noexcept { return static_cast<int>(word); }

/// The kernel's answer, of a function that answers as the C library does.
long as_the_kernel_has_it(int answer) noexcept { return answer < 0 ? -errno : answer; }

long for_program(long call, const Words& with) noexcept {
  switch (call) {
    case SYS_mmap:
      return map_for_program(address(with[0]), size(with[1]), number(with[2]), number(with[3]),
                             number(with[4]), with[5]);
    case SYS_munmap:
      return unmap_for_program(address(with[0]), size(with[1]));
    case SYS_mprotect:
      return protect_for_program(address(with[0]), size(with[1]), number(with[2]));
    case SYS_madvise:
      return advise_for_program(address(with[0]), size(with[1]), number(with[2]));
    case SYS_mremap:
      return remap_for_program(address(with[0]), size(with[1]), size(with[2]), number(with[3]),
                               address(with[4]));
    case SYS_close:
      return as_the_kernel_has_it(close(number(with[0])));
    case SYS_close_range:
      return as_the_kernel_has_it(close_range(static_cast<unsigned>(with[0]),
                                              static_cast<unsigned>(with[1]), number(with[2])));
    case SYS_dup2:
      return as_the_kernel_has_it(dup2(number(with[0]), number(with[1])));
    case SYS_dup3:
      return as_the_kernel_has_it(dup3(number(with[0]), number(with[1]), number(with[2])));
    case SYS_io_uring_setup:
      return refuse("io_uring refused: the kernel would write to memory that goes back");
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_clone3:
      return refuse(
          "a child or a thread by a system call of its own is refused: no commit would hold it");
    default:
      return raw::call(call, with[0], with[1], with[2], with[3], with[4], with[5]);
  }
}

}  // namespace
}  // namespace cleave::program

#pragma GCC visibility push(default)
extern "C" {

long syscall(long number, ...) {
  namespace raw = cleave::program::raw;
  va_list more;
  va_start(more, number);
  std::array<long, 6> with{};
  for (long& word : with) word = va_arg(more, long);
  va_end(more);
  const long answer = cleave::program::is_programs_call()
                          ? cleave::program::for_program(number, with)
                          : raw::call(number, with[0], with[1], with[2], with[3], with[4], with[5]);
  if (!raw::is_error(answer)) return answer;
  errno = static_cast<int>(-answer);
  return -1;
}

}  // extern "C"
#pragma GCC visibility pop
