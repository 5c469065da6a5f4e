// Programs close whatever they find open; this library's descriptors stay.
#include "adapters/program/own/descriptors.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

bool is_kept(int number) noexcept { return is_programs_call() && is_own_descriptor(number); }

int as_c_has_it(long answer) noexcept {
  if (!raw::is_error(answer)) return static_cast<int>(answer);
  errno = static_cast<int>(-answer);
  return -1;
}

// As the kernel answers for a number that is not open.
int not_open() noexcept { return as_c_has_it(-EBADF); }

// What lies between this library's own.
long close_all(unsigned first, unsigned last, int flags) noexcept {
  if (first > last) return -EINVAL;
  for (unsigned from = first;;) {
    const unsigned own = first_own_descriptor_from(from, last);
    if (own > from || own == 0) {
      const unsigned end = own == 0 ? last : own - 1;
      const long wrong = raw::call(SYS_close_range, from, end, flags);
      if (raw::is_error(wrong)) return wrong;
    }
    if (own == 0 || own == last) return 0;
    from = own + 1;
  }
}

}  // namespace
}  // namespace cleave::program

using cleave::program::as_c_has_it;
using cleave::program::close_all;
using cleave::program::is_kept;
using cleave::program::is_programs_call;
using cleave::program::not_open;
namespace raw = cleave::program::raw;

#pragma GCC visibility push(default)
extern "C" {

// The C library's own name for it, which threads may be cancelled in.
int __close(int number);  // NOLINT

int close(int number) { return is_kept(number) ? not_open() : __close(number); }

int close_range(unsigned first, unsigned last, int flags) noexcept {
  return as_c_has_it(is_programs_call() ? close_all(first, last, flags)
                                        : raw::call(SYS_close_range, first, last, flags));
}
void closefrom(int first) noexcept {
  (void)close_range(static_cast<unsigned>(std::max(first, 0)), ~0U, 0);
}

int dup2(int from, int to) noexcept {
  return is_kept(to) ? not_open() : as_c_has_it(raw::call(SYS_dup2, from, to));
}
int dup3(int from, int to, int flags) noexcept {
  return is_kept(to) ? not_open() : as_c_has_it(raw::call(SYS_dup3, from, to, flags));
}

}  // extern "C"
#pragma GCC visibility pop
