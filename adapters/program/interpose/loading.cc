#include "adapters/program/interpose/loading.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/mappings.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/own/image.h"

// The functions that load libraries, or have the C library load one. Each goes on in the C
// library's function of that name, with the caller's own return address: the loader asks who calls.
// None of them has more arguments than registers hold.
#define CLEAVE_RUN_LOADERS(each)                                                                 \
  each(dlopen) each(dlmopen) each(dlclose) each(iconv_open) each(iconv_close) each(setlocale)    \
      each(getaddrinfo) each(gethostbyname) each(gethostbyname2) each(gethostbyname_r)           \
          each(gethostbyaddr) each(getservbyname) each(getservbyport) each(getprotobyname)       \
              each(getpwnam) each(getpwnam_r) each(getpwuid) each(getpwuid_r) each(getpwent)     \
                  each(getgrnam) each(getgrnam_r) each(getgrgid) each(getgrgid_r) each(getgrent) \
                      each(getgrouplist) each(initgroups) each(getspnam)

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

void begin_loading() noexcept {
  using namespace cleave::program;
  if (!is_programs_call()) return;
  Loading& loading = program()->area().loading();
  ++loading.depth;
  if (loading.dispatch == kBlock || is_blocked(kLoaderSignal)) return;
  // Where the kernel cannot do it, what is loaded is found by the census.
  if (dispatch(kOn, *program()) == 0) loading.dispatch = kBlock;
}

void end_loading() noexcept {
  using namespace cleave::program;
  if (!is_programs_call()) return;
  Loading& loading = program()->area().loading();
  if (--loading.depth != 0) return;  // a library's constructor loads another
  loading.dispatch = kAllow;
  (void)dispatch(kOff, *program());
}

// The loader asks which library a call comes from, by its return address, and searches that one's
// folders. So the call returns to an instruction of the caller's library that returns: any byte
// that is one will do. Without one, to this library itself.
std::uintptr_t a_return_near(std::uintptr_t caller, std::uintptr_t otherwise) noexcept {
  constexpr unsigned char kReturn = 0xc3;
  constexpr std::uintptr_t kPage = 4096;
  // Not beyond the page: what follows may be no code.
  for (std::uintptr_t at = caller; at < (caller | (kPage - 1)); ++at) {
    if (*reinterpret_cast<const unsigned char*>(at) == kReturn) return at;
  }
  for (std::uintptr_t at = caller; at-- > (caller & ~(kPage - 1));) {
    if (*reinterpret_cast<const unsigned char*>(at) == kReturn) return at;
  }
  return otherwise;
}

}  // namespace

extern "C" {
[[gnu::visibility("hidden")]] void cleave_run_loaded();
[[gnu::visibility("hidden")]] void cleave_run_pass();

/// Where the function goes on; the second word is where that is to return to.
struct CleaveRunWay {
  void* next;
  std::uintptr_t back;
};
[[gnu::visibility("hidden"), gnu::used]] CleaveRunWay cleave_run_load(unsigned which,
                                                                      std::uintptr_t caller) {
  if (next_of[which] == nullptr) next_of[which] = dlsym(RTLD_NEXT, kNames[which]);
  begin_loading();
  const auto otherwise = reinterpret_cast<std::uintptr_t>(&cleave_run_loaded);
  return {next_of[which], a_return_near(caller, otherwise)};
}
[[gnu::visibility("hidden"), gnu::used]] void cleave_run_end_load() { end_loading(); }
}

// The stack of a function that loads: its caller, cleave_run_loaded, and a return of the caller's.
__asm__(R"(
  .text
  .type cleave_run_pass, @function
cleave_run_pass:
  syscall
  ret $136
  .size cleave_run_pass, .-cleave_run_pass

  .type cleave_run_loaded, @function
cleave_run_loaded:
  ret
  push %rax
  push %rdx
  sub $8, %rsp
  call cleave_run_end_load
  add $8, %rsp
  pop %rdx
  pop %rax
  ret
  .size cleave_run_loaded, .-cleave_run_loaded

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
  mov 48(%rsp), %rsi
  sub $8, %rsp
  mov $cleave_run_which, %edi
  .set cleave_run_which, cleave_run_which + 1
  call cleave_run_load
  add $8, %rsp
  mov %rdx, %r10
  pop %r9
  pop %r8
  pop %rcx
  pop %rdx
  pop %rsi
  pop %rdi
  lea cleave_run_loaded + 1(%rip), %r11
  push %r11
  push %r10
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
  const auto leave = [&] {  // natively from here on
    program.area().loading().dispatch = kAllow;
    (void)dispatch(kOff, program);
    registers[REG_RIP] -= 2;
    return frame;
  };
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
