#include "tests/host/steps.h"

#include <link.h>
#include <sched.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <thread>

#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

#if defined(__x86_64__)

struct Range {
  std::uintptr_t first;
  std::uintptr_t end;
};
std::array<Range, 2> left_out;  // libc and the loader

// Of the thread that is stepped; read and written in its handler.
std::uint64_t counted = 0;
std::uint64_t every = 1;  // how far stops lie apart
std::uint64_t left = 0;   // stops that are still to come
// 0: it runs; 1: it stands; 2: it has ended. Each side waits for the other.
std::atomic<int> stands{0};

void wait_while(int state) {
  while (stands.load(std::memory_order_acquire) == state) (void)sched_yield();
}

bool is_left_out(std::uintptr_t at) {
  return std::any_of(left_out.begin(), left_out.end(),
                     [at](const Range& r) { return at >= r.first && at < r.end; });
}

constexpr std::uint64_t kTrapFlag = 0x100;

void on_step(int /*signal*/, siginfo_t* /*info*/, void* context) {
  const int errno_before = errno;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (!is_left_out(static_cast<std::uintptr_t>(registers[REG_RIP]))) {
    ++counted;
    if (left != 0 && counted % every == every / 2) {
      stands.store(1, std::memory_order_release);
      wait_while(1);
      if (--left == 0) registers[REG_EFL] &= ~static_cast<greg_t>(kTrapFlag);  // at full speed
    }
  }
  errno = errno_before;
}

// The stack's red zone is the caller's.
#define CLEAVE_TRAP_FLAG(change)                                             \
  asm volatile("leaq -128(%%rsp), %%rsp\n pushfq\n " change                  \
               " (%%rsp)\n popfq\n leaq 128(%%rsp), %%rsp" ::"r"(kTrapFlag), \
               "r"(~kTrapFlag)                                               \
               : "memory", "cc")

void step_through(function_ref<void()> operation) {
  CLEAVE_TRAP_FLAG("orq %0,");
  operation();
  CLEAVE_TRAP_FLAG("andq %1,");
}

int note(dl_phdr_info* object, std::size_t /*size*/, void* found) {
  const std::string_view name = object->dlpi_name;
  auto*& next = *static_cast<Range**>(found);
  const bool wanted = name.find("/libc.so") != name.npos || name.find("/ld-") != name.npos;
  if (!wanted || next == left_out.end()) return 0;
  Range whole{~std::uintptr_t{0}, 0};
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD) continue;
    whole.first = std::min<std::uintptr_t>(whole.first, object->dlpi_addr + part.p_vaddr);
    whole.end =
        std::max<std::uintptr_t>(whole.end, object->dlpi_addr + part.p_vaddr + part.p_memsz);
  }
  *next++ = whole;
  return 0;
}

void prepare() {
  Range* next = left_out.begin();
  (void)dl_iterate_phdr(note, static_cast<void*>(&next));
  struct sigaction action {};
  action.sa_sigaction = on_step;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  (void)sigaction(SIGTRAP, &action, nullptr);
}

#endif

}  // namespace

#if defined(__x86_64__)

bool can_stop_between_instructions() { return !kSanitized; }

bool at_each_step_of(function_ref<void()> operation, std::uint64_t stops,
                     function_ref<bool()> meanwhile) {
  prepare();
  operation();  // what is done once is done
  counted = left = 0;
  std::thread([&] { step_through(operation); }).join();
  every = std::max<std::uint64_t>(counted / stops, 1);
  left = stops;
  counted = 0;
  stands.store(0, std::memory_order_relaxed);
  bool good = true;
  std::thread stepped([&] {
    step_through(operation);
    stands.store(2, std::memory_order_release);
  });
  for (;;) {
    wait_while(0);
    if (stands.load(std::memory_order_acquire) == 2) break;
    good = good && meanwhile();
    stands.store(0, std::memory_order_release);
  }
  stepped.join();
  return good;
}

#else

bool can_stop_between_instructions() { return false; }
bool at_each_step_of(function_ref<void()> operation, std::uint64_t, function_ref<bool()>) {
  operation();
  return true;
}

#endif

}  // namespace cleave::detail
