// System calls without the C library: its functions are those that this library replaces, and its
// errno is the program's.
#pragma once

#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

namespace cleave::program::raw {

/// The kernel's answer: at most -4095 below zero, an errno.
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) noexcept {
  long answer;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(answer)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return answer;
}

inline bool is_error(long answer) noexcept { return answer < 0 && answer >= -4095; }

inline long as_word(const volatile void* at) noexcept {
  return static_cast<long>(reinterpret_cast<std::intptr_t>(at));
}

inline long map(void* at, std::size_t bytes, int protection, int flags, int file,
                long offset) noexcept {
  return call(SYS_mmap, as_word(at), static_cast<long>(bytes), protection, flags, file, offset);
}
inline long unmap(void* at, std::size_t bytes) noexcept {
  return call(SYS_munmap, as_word(at), static_cast<long>(bytes));
}
inline long protect(void* at, std::size_t bytes, int protection) noexcept {
  return call(SYS_mprotect, as_word(at), static_cast<long>(bytes), protection);
}
inline long advise(void* at, std::size_t bytes, int advice) noexcept {
  return call(SYS_madvise, as_word(at), static_cast<long>(bytes), advice);
}

}  // namespace cleave::program::raw
