// Fibers in WebAssembly: emscripten's, which need the program linked with -sASYNCIFY. A stack there
// is two: the one for what has an address, and the one that the frames of a fiber are saved to when
// it is left.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <emscripten/fiber.h>

#include "lab/explore/fiber/fiber.h"

namespace lab::explore {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;
// The most that the catalogue needs is a tenth of it.
constexpr std::size_t kSavedBytes = std::size_t{64} << 10;
// Stand at the low end of each stack, to be found as they were: no page guards it. As wide as the
// largest frame, and a few in each, since they are looked at in every switch.
constexpr std::uint64_t kCanary = 0x5afe'57ac'c0de'b00f;
constexpr std::size_t kCanaryWords = 512;
constexpr std::size_t kApart = 8;

[[noreturn]] void overflowed() {
  std::fputs("the stack of a thread overflowed: the test is too large for the browser\n", stderr);
  std::abort();
}

}  // namespace

struct Fiber::Stack {
  Stack() : saved(std::make_unique<char[]>(kSavedBytes)) {}

  void prepare() noexcept {
    for (std::size_t i = 0; i < kCanaryWords; i += kApart) own.get()[i] = kCanary;
    emscripten_fiber_init(&fiber, main, argument, own.get(), kStackBytes, saved.get(), kSavedBytes);
  }

  void check() const {
    if (!own) return;
    for (std::size_t i = 0; i < kCanaryWords; i += kApart)
      if (own.get()[i] != kCanary) overflowed();
  }

  std::unique_ptr<char[]> saved;
  std::unique_ptr<std::uint64_t[]> own;  // none: the program's own
  void (*main)(void*) = nullptr;
  void* argument = nullptr;
  emscripten_fiber_t fiber{};
};

Fiber::Fiber() noexcept : stack_(std::make_unique<Stack>()) {
  emscripten_fiber_init_from_current_context(&stack_->fiber, stack_->saved.get(), kSavedBytes);
}

Fiber::Fiber(void (*main)(void*), void* argument) : stack_(std::make_unique<Stack>()) {
  stack_->own.reset(new std::uint64_t[kStackBytes / sizeof(std::uint64_t)]);
  stack_->main = main;
  stack_->argument = argument;
  stack_->prepare();
}

void Fiber::start_over() noexcept { stack_->prepare(); }

Fiber::~Fiber() = default;

void Fiber::switch_to(Fiber& from, Fiber& to) noexcept {
  from.stack_->check();
  emscripten_fiber_swap(&from.stack_->fiber, &to.stack_->fiber);
}

}  // namespace lab::explore
