// Fibers on Linux: mapped stacks with a guard page, switched by Boost.Context.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <boost/context/detail/fcontext.hpp>

#include "lab/explore/fiber/fiber.h"

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

// Stacks of fibers that have ended, for the next ones: explorations of a few runs would else spend
// their time on mapping them.
class SpareStacks {
 public:
  ~SpareStacks() {
    closed = true;
    for (void* mapping : mappings_) unmap(mapping);
  }
  /// Null: there is none.
  void* take() {
    if (closed || mappings_.empty()) return nullptr;
    void* const mapping = mappings_.back();
    mappings_.pop_back();
    return mapping;
  }
  void give(void* mapping) {
    if (closed || mappings_.size() == kMost) return unmap(mapping);
    mappings_.push_back(mapping);
  }

 private:
  static constexpr std::size_t kMost = 8;
  static void unmap(void* mapping);
  static inline thread_local bool closed = false;  // for who outlives it
  std::vector<void*> mappings_;
};
thread_local SpareStacks spare_stacks;

std::size_t guard_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

void SpareStacks::unmap(void* mapping) { munmap(mapping, guard_bytes() + kStackBytes); }

void* map_stack() {
  void* const mapping = mmap(nullptr, guard_bytes() + kStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED || mprotect(mapping, guard_bytes(), PROT_NONE) != 0) {
    std::perror("no memory for a thread's stack");
    std::abort();
  }
  return mapping;
}

}  // namespace

struct Fiber::Stack {
  // What a fresh fiber starts in. The one that switched here passes itself and the fiber that it
  // enters.
  struct Switch {
    Stack* from;
    Stack* to;
  };

  static void enter(context::transfer_t transfer) {
    const Switch entered = *static_cast<Switch*>(transfer.data);
    entered.to->arrived(*entered.from, transfer.fctx);
    entered.to->main(entered.to->argument);
    std::abort();  // It has nowhere to return to.
  }

  void prepare() noexcept {
#ifdef LAB_ASAN
    // A fiber that was here before may have ended with frames on its stack, and their red zones
    // are still marked.
    __asan_unpoison_memory_region(bottom, kStackBytes);
    asan = nullptr;
#endif
    void* const top = static_cast<char*>(const_cast<void*>(bottom)) + kStackBytes;
    context = context::make_fcontext(top, kStackBytes, &Stack::enter);
  }

  void arrived(Stack& from, void* where) noexcept {
    from.context = where;
#ifdef LAB_ASAN
    // The OS thread's stack is not ours to know; the first switch away from it tells.
    const void* lowest = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(asan, &lowest, &size);
    if (from.mapping == nullptr) {
      from.bottom = lowest;
      from.bytes = size;
    }
#endif
  }

  void* context = nullptr;
  void* mapping = nullptr;       // none: the OS thread's own
  const void* bottom = nullptr;  // the lowest byte that may be used
  std::size_t bytes = 0;
  void (*main)(void*) = nullptr;
  void* argument = nullptr;
  void* tsan = nullptr;
  void* asan = nullptr;
};

Fiber::Fiber() noexcept : stack_(std::make_unique<Stack>()) {
#ifdef LAB_TSAN
  stack_->tsan = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*main)(void*), void* argument) : stack_(std::make_unique<Stack>()) {
  stack_->bytes = kStackBytes;
  stack_->main = main;
  stack_->argument = argument;
  stack_->mapping = spare_stacks.take();
  if (stack_->mapping == nullptr) stack_->mapping = map_stack();
  stack_->bottom = static_cast<char*>(stack_->mapping) + guard_bytes();
  stack_->prepare();
#ifdef LAB_TSAN
  stack_->tsan = __tsan_create_fiber(0);
#endif
}

void Fiber::start_over() noexcept {
  stack_->prepare();
#ifdef LAB_TSAN
  __tsan_destroy_fiber(stack_->tsan);
  stack_->tsan = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (stack_->mapping == nullptr) return;
#ifdef LAB_TSAN
  __tsan_destroy_fiber(stack_->tsan);
#endif
  spare_stacks.give(stack_->mapping);
}

void Fiber::switch_to(Fiber& from, Fiber& to) noexcept {
  Stack::Switch entered{from.stack_.get(), to.stack_.get()};
#ifdef LAB_ASAN
  __sanitizer_start_switch_fiber(&from.stack_->asan, to.stack_->bottom, to.stack_->bytes);
#endif
#ifdef LAB_TSAN
  __tsan_switch_to_fiber(to.stack_->tsan, 0);
#endif
  const context::transfer_t back = context::jump_fcontext(to.stack_->context, &entered);
  const Stack::Switch returned = *static_cast<Stack::Switch*>(back.data);
  from.stack_->arrived(*returned.from, back.fctx);
}

}  // namespace lab::explore
