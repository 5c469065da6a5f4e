#include "adapters/program/interpose/loading.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "adapters/program/interpose/mappings.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/memory/own.h"
#include "adapters/program/state/own_image.h"

// The functions that load libraries, or have the C library load one. Each goes on in the C
// library's function of that name, with the caller's own return address: the loader asks who calls.
#define CLEAVE_RUN_LOADERS(each)                                                              \
  each(dlopen) each(dlmopen) each(dlclose) each(iconv_open) each(iconv_close) each(setlocale) \
      each(getaddrinfo) each(gethostbyname) each(getpwnam) each(getpwnam_r) each(getpwuid)    \
          each(getpwuid_r) each(getgrnam) each(getgrnam_r) each(getgrgid) each(getgrgid_r)    \
              each(getgrouplist) each(initgroups)

namespace {

enum class Loader : unsigned char {
#define CLEAVE_RUN_NAME(name) name,
  CLEAVE_RUN_LOADERS(CLEAVE_RUN_NAME) count
};

constexpr const char* kNames[] = {
#define CLEAVE_RUN_TEXT(name) #name,
    CLEAVE_RUN_LOADERS(CLEAVE_RUN_TEXT)};

constinit void* next_of[static_cast<unsigned>(Loader::count)] = {};

constexpr char kAllow = 0;
constexpr char kBlock = 1;
#ifndef PR_SET_SYSCALL_USER_DISPATCH
constexpr int PR_SET_SYSCALL_USER_DISPATCH = 59;  // NOLINT: the kernel's names
#endif
constexpr long kOff = 0;
constexpr long kOn = 1;

long dispatch(long on, cleave::program::Program& program) noexcept {
  using namespace cleave::program;
  if (on == kOff) return raw::call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, kOff);
  const OwnImage image = own_image();
  return raw::call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, kOn, static_cast<long>(image.first),
                   static_cast<long>(image.end - image.first),
                   raw::as_word(&program.area().loading().dispatch));
}

// Were the signal blocked, a system call would end the process.
bool is_blocked(int signal) noexcept {
  using namespace cleave::program;
  std::uint64_t blocked = 0;
  (void)raw::call(SYS_rt_sigprocmask, SIG_BLOCK, 0, raw::as_word(&blocked), sizeof blocked);
  return ((blocked >> (signal - 1)) & 1U) != 0;
}

void begin(std::uintptr_t stack) noexcept {
  using namespace cleave::program;
  if (program() == nullptr || AtWork::now() || is_blocked(kLoaderSignal)) return;
  Loading& loading = program()->area().loading();
  if (loading.dispatch == kBlock && stack < loading.stack) return;  // within another
  loading.stack = stack;
  // Where the kernel cannot do it, what is loaded is found by the census.
  if (dispatch(kOn, *program()) == 0) loading.dispatch = kBlock;
}

}  // namespace

extern "C" {
/// Where the function goes on. `stack`: the stack pointer at its call.
[[gnu::visibility("hidden"), gnu::used]] void* cleave_run_load(unsigned which,
                                                                std::uintptr_t stack) {
  if (next_of[which] == nullptr) next_of[which] = dlsym(RTLD_NEXT, kNames[which]);
  begin(stack);
  return next_of[which];
}
[[gnu::visibility("hidden")]] void cleave_run_pass();
}

__asm__(R"(
  .text
  .type cleave_run_pass, @function
cleave_run_pass:
  syscall
  ret $136
  .size cleave_run_pass, .-cleave_run_pass

  .set cleave_run_which, 0
  .macro cleave_run_loader name
  .globl \name
  .type \name, @function
\name:
  push %rdi
  push %rsi
  push %rdx
  push %rcx
  push %r8
  push %r9
  sub $8, %rsp
  mov $cleave_run_which, %edi
  .set cleave_run_which, cleave_run_which + 1
  lea 56(%rsp), %rsi
  call cleave_run_load
  add $8, %rsp
  pop %r9
  pop %r8
  pop %rcx
  pop %rdx
  pop %rsi
  pop %rdi
  jmp *%rax
  .size \name, .-\name
  .endm
)");
#define CLEAVE_RUN_ENTRY(name) __asm__("cleave_run_loader " #name);
CLEAVE_RUN_LOADERS(CLEAVE_RUN_ENTRY)

namespace cleave::program {
namespace {

/// A system call that is to be made as it is, and to go on with calls coming here: it is made by
/// code of this library, which returns to where the program was. The kernel puts a signal's frame
/// at least 128 bytes below a stack pointer, and functions use those.
void pass(ucontext_t& context) {
  auto& registers = context.uc_mcontext.gregs;
  constexpr long kBelow = 144;
  registers[REG_RSP] -= kBelow;
  *reinterpret_cast<long long*>(registers[REG_RSP]) = registers[REG_RIP];
  registers[REG_RIP] = reinterpret_cast<long long>(&cleave_run_pass);
}

}  // namespace

Frame* serve_loader(Program& program, ucontext_t* context, Frame* frame) {
  auto& registers = context->uc_mcontext.gregs;
  const auto stack = static_cast<std::uintptr_t>(registers[REG_RSP]);
  const long number = registers[REG_RAX];
  const auto a = registers[REG_RDI];
  const auto bytes = static_cast<std::size_t>(registers[REG_RSI]);
  const auto c = static_cast<int>(registers[REG_RDX]);
  void* at = reinterpret_cast<void*>(a);
  Loading& loading = program.area().loading();
  const auto leave = [&] {  // natively from here on
    (void)dispatch(kOff, program);
    registers[REG_RIP] -= 2;
    return frame;
  };
  if (stack > loading.stack) return leave();
  switch (number) {
    case SYS_mmap:
      registers[REG_RAX] =
          map_for_program(at, bytes, c, static_cast<int>(registers[REG_R10]),
                          static_cast<int>(registers[REG_R8]), registers[REG_R9], Mapper::loader);
      return frame;
    case SYS_munmap:
      registers[REG_RAX] = unmap_for_program(at, bytes);
      return frame;
    case SYS_mprotect:
      registers[REG_RAX] = protect_for_program(at, bytes, c);
      return frame;
    case SYS_madvise:
      registers[REG_RAX] = advise_for_program(at, bytes, c);
      return frame;
    case SYS_rt_sigreturn:
      return frame_at(stack);
    case SYS_rt_sigprocmask:  // may block the signal that brought us here
    case SYS_clone:
    case SYS_clone3:
    case SYS_fork:
    case SYS_vfork:
      return leave();
    default:
      pass(*context);
      return frame;
  }
}

void follow_loading(Program& program) {
  (void)dispatch(program.area().loading().dispatch == kBlock ? kOn : kOff, program);
}

}  // namespace cleave::program
