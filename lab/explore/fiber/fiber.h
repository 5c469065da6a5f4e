// Fibers: stacks of their own on one OS thread, switched by hand. On Linux in on_context.cc, in
// WebAssembly in on_emscripten.cc; a program is linked with one of them.
#pragma once

#include <memory>

namespace lab::explore {

/// A stack and where it was left. Belongs to the OS thread that made it. A switch costs a few
/// nanoseconds: it saves registers, no signal mask; in WebAssembly it costs what the frames between
/// the fiber's main function and the switch are large. Exceptions must not leave a fiber's main
/// function.
class Fiber {
 public:
  /// The OS thread's own stack, to come back to.
  Fiber() noexcept;
  /// A fresh stack. To overflow it is a fault on its guard page; WebAssembly has no such page, and
  /// there the next switch finds it and ends the program with a message. `main(argument)` runs at
  /// the first switch to it, and never returns. Ends the process if there is no memory for the
  /// stack.
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
  struct Stack;
  std::unique_ptr<Stack> stack_;
};

}  // namespace lab::explore
