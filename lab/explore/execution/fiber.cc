#include "lab/explore/execution/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <boost/context/detail/fcontext.hpp>

// The sanitizers keep a shadow of the stack that is in use, and have to be told of each switch.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define LAB_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define LAB_TSAN 1
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(LAB_ASAN)
#define LAB_ASAN 1
#endif
#if __has_feature(thread_sanitizer) && !defined(LAB_TSAN)
#define LAB_TSAN 1
#endif
#endif

namespace lab::explore {
namespace {

namespace context = boost::context::detail;

// Programs under exploration are small; pages that are never touched cost address space only.
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

}  // namespace

struct Fiber::Entry {
  // What a fresh fiber starts in. The one that switched here passes itself and the fiber that it
  // enters.
  struct Switch {
    Fiber* from;
    Fiber* to;
  };
  static void enter(context::transfer_t transfer) {
    const Switch entered = *static_cast<Switch*>(transfer.data);
    entered.to->arrived(*entered.from, transfer.fctx);
    entered.to->main_(entered.to->argument_);
    std::abort();  // It has nowhere to return to.
  }
};

Fiber::Fiber() noexcept {
#ifdef LAB_TSAN
  tsan_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*main)(void*), void* argument)
    : stack_bytes_(kStackBytes), main_(main), argument_(argument) {
  const auto guard = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  mapping_ = mmap(nullptr, guard + kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED || mprotect(mapping_, guard, PROT_NONE) != 0) {
    std::perror("no memory for a thread's stack");
    std::abort();
  }
  stack_ = static_cast<char*>(mapping_) + guard;
  prepare();
#ifdef LAB_TSAN
  tsan_ = __tsan_create_fiber(0);
#endif
}

void Fiber::prepare() noexcept {
#ifdef LAB_ASAN
  // A fiber that was here before may have ended with frames on its stack, and their red zones are
  // still marked.
  __asan_unpoison_memory_region(stack_, kStackBytes);
  asan_ = nullptr;
#endif
  void* const top = static_cast<char*>(const_cast<void*>(stack_)) + kStackBytes;
  context_ = context::make_fcontext(top, kStackBytes, &Entry::enter);
}

void Fiber::start_over() noexcept {
  prepare();
#ifdef LAB_TSAN
  __tsan_destroy_fiber(tsan_);
  tsan_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (mapping_ == nullptr) return;
#ifdef LAB_TSAN
  __tsan_destroy_fiber(tsan_);
#endif
  munmap(mapping_, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + kStackBytes);
}

void Fiber::switch_to(Fiber& from, Fiber& to) noexcept {
  Entry::Switch entered{&from, &to};
#ifdef LAB_ASAN
  __sanitizer_start_switch_fiber(&from.asan_, to.stack_, to.stack_bytes_);
#endif
#ifdef LAB_TSAN
  __tsan_switch_to_fiber(to.tsan_, 0);
#endif
  const context::transfer_t back = context::jump_fcontext(to.context_, &entered);
  const Entry::Switch returned = *static_cast<Entry::Switch*>(back.data);
  from.arrived(*returned.from, back.fctx);
}

void Fiber::arrived(Fiber& from, void* where) noexcept {
  from.context_ = where;
#ifdef LAB_ASAN
  // The OS thread's stack is not ours to know; the first switch away from it tells.
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(asan_, &bottom, &bytes);
  if (from.mapping_ == nullptr) {
    from.stack_ = bottom;
    from.stack_bytes_ = bytes;
  }
#endif
}

}  // namespace lab::explore
