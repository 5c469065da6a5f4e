// A thread of control with a stack of its own, which runs only when another hands over to it.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace cleave::detail {

/// One that runs already, or one to be begun. Of those that belong together one runs at a time, all
/// in one thread of the system: handing over takes no scheduler and no luck.
class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs `body` when this is handed over to. `body` must not return: it hands over to another for
  /// good.
  void begin(std::function<void()> body) {
    body_ = std::move(body);
    stack_ = std::make_unique_for_overwrite<char[]>(kStackBytes);
    (void)getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = kStackBytes;
    makecontext(
        &context_, [] { entered_->body_(); }, 0);
  }
  /// Called in this one. Returns when another hands over to it.
  void hand_over_to(Fiber& next) {
    entered_ = &next;
    (void)swapcontext(&context_, &next.context_);
  }

 private:
  // Less than what malloc asks the system for each time.
  static constexpr std::size_t kStackBytes = std::size_t{96} << 10;
  static inline thread_local Fiber* entered_ = nullptr;

  ucontext_t context_{};
  std::unique_ptr<char[]> stack_;
  std::function<void()> body_;
};

}  // namespace cleave::detail
