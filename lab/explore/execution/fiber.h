// Fibers: stacks of their own on one OS thread, switched by hand.
#pragma once

#include <cstddef>

namespace lab::explore {

/// A stack and where it was left. Belongs to the OS thread that made it. A switch costs a few
/// nanoseconds: it saves registers, no signal mask. Exceptions must not leave a fiber's main
/// function.
class Fiber {
 public:
  /// The OS thread's own stack, to come back to.
  Fiber() noexcept;
  /// A fresh stack with a guard page below it: to overflow it is a fault. `main(argument)` runs at
  /// the first switch to it, and never returns. Ends the process if the kernel gives no memory for
  /// the stack.
  Fiber(void (*main)(void*), void* argument);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  /// What lives on the stack is not destroyed.
  ~Fiber();

  /// Forgets where it was left: the next switch to it runs `main(argument)` again, from the top
  /// of the same stack. What lived there is not destroyed. Not for the OS thread's own, nor for
  /// the one that runs.
  void start_over() noexcept;

  /// Leaves `from`, which is running, for `to`; returns when another fiber switches back to `from`.
  static void switch_to(Fiber& from, Fiber& to) noexcept;

 private:
  struct Entry;
  void prepare() noexcept;
  void arrived(Fiber& from, void* where) noexcept;

  void* context_ = nullptr;
  void* mapping_ = nullptr;
  const void* stack_ = nullptr;  // the lowest byte that may be used
  std::size_t stack_bytes_ = 0;
  void (*main_)(void*) = nullptr;
  void* argument_ = nullptr;
  void* tsan_ = nullptr;
  void* asan_ = nullptr;
};

}  // namespace lab::explore
