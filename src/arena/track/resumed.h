// Whether a thread goes on unharmed after a signal handler has opened the page that it wrote to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cleave::detail {

/// Writes to `at`, where a write raises a signal that a tracker answers, and tells whether the
/// thread found in its registers afterwards what it had put there. The processor sees to that;
/// a program that translates code, as valgrind does, may give back older values.
inline bool resumes_with_its_registers(std::byte* at) {
#if defined(__x86_64__)
  // The value is made in the same stretch of code as the access, and so may be in a register alone;
  // the address is older. An indirect jump begins a stretch.
  constexpr std::uint64_t kMark = 0x636c'6561'7665;
  std::uint64_t kept = 0;
  asm volatile(
      "xor %%eax, %%eax\n\t"
      "lea 1f(%%rip), %%rcx\n\t"
      "jmp *%%rcx\n"
      "1:\n\t"
      "movabs %[mark], %%rax\n\t"
      "movb $1, (%[at])\n\t"
      "mov %%rax, %[kept]"
      : [kept] "=r"(kept)
      : [at] "r"(at), [mark] "i"(kMark)
      : "rax", "rcx", "memory", "cc");
  return kept == kMark;
#else
  *static_cast<volatile std::byte*>(at) = std::byte{1};
  return true;
#endif
}

}  // namespace cleave::detail
