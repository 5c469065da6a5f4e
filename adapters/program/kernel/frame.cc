#include "adapters/program/kernel/frame.h"

#include <asm/prctl.h>

#include <cstddef>
#include <cstdint>

#include "adapters/program/kernel/raw.h"

namespace {

constexpr std::size_t kStackBytes = std::size_t{1} << 20;
alignas(4096) constinit unsigned char own_stack[kStackBytes] = {};
constinit cleave::program::OnSignal on_signal = nullptr;

}  // namespace

// The one stack is enough: signals are blocked while it is used.
extern "C" {
[[gnu::visibility("hidden")]] constinit unsigned char* cleave_run_stack = own_stack + kStackBytes;

[[gnu::visibility("hidden"), gnu::used]] cleave::program::Frame* cleave_run_serve(
    int signal, siginfo_t* info, ucontext_t* context, cleave::program::Frame* frame) {
  return on_signal(signal, info, context, frame);
}

[[gnu::visibility("hidden")]] void cleave_run_enter();
[[gnu::visibility("hidden")]] void cleave_run_restore();
[[gnu::visibility("hidden")]] void cleave_run_on_stack(void (*work)());
}

// The kernel enters with the frame at the stack pointer, and a return address to its restorer as
// the frame's first word; sigreturn expects to find the frame behind that word.
__asm__(R"(
  .text
  .type cleave_run_enter, @function
cleave_run_enter:
  mov %rsp, %rcx
  mov cleave_run_stack(%rip), %rsp
  xor %ebp, %ebp
  call cleave_run_serve
  mov %rax, %rsp
  add $8, %rsp
  .type cleave_run_restore, @function
cleave_run_restore:
  mov $15, %eax
  syscall
  ud2
  .size cleave_run_enter, .-cleave_run_enter
  .size cleave_run_restore, .-cleave_run_restore

  .type cleave_run_on_stack, @function
cleave_run_on_stack:
  push %rbp
  mov %rsp, %rbp
  mov cleave_run_stack(%rip), %rsp
  call *%rdi
  mov %rbp, %rsp
  pop %rbp
  ret
  .size cleave_run_on_stack, .-cleave_run_on_stack
)");

namespace cleave::program {

std::uint64_t gs_base() noexcept {
  std::uint64_t base = 0;
  (void)raw::call(SYS_arch_prctl, ARCH_GET_GS, raw::as_word(&base));
  return base;
}
void set_gs_base(std::uint64_t to) noexcept {
  (void)raw::call(SYS_arch_prctl, ARCH_SET_GS, static_cast<long>(to));
}

bool take_signal(int signal, OnSignal handler) noexcept {
  constexpr unsigned long kRestorer = 0x04000000;  // SA_RESTORER
  struct KernelAction {
    void (*handler)();
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
  };
  on_signal = handler;
  const KernelAction action{cleave_run_enter, SA_SIGINFO | SA_RESTART | kRestorer,
                            cleave_run_restore, ~std::uint64_t{0}};
  return raw::call(SYS_rt_sigaction, signal, raw::as_word(&action), 0, sizeof action.mask) == 0;
}

void on_own_stack(void (*work)()) { cleave_run_on_stack(work); }

Frame* frame_at(std::uintptr_t stack_pointer) noexcept {
  return reinterpret_cast<Frame*>(stack_pointer - 8);
}

}  // namespace cleave::program
