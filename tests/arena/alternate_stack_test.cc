// A thread's alternate signal stack may be small: what answers a first write needs little of it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

/// A stack of that size with a page before it which nothing may touch, filled with a pattern.
class FilledStack {
 public:
  explicit FilledStack(std::size_t size) : size_(size) {
    const std::size_t whole = kPageSize + (size / kPageSize + 1) * kPageSize;
    auto* const at = static_cast<std::byte*>(
        mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    (void)mprotect(at, kPageSize, PROT_NONE);
    bottom_ = at + whole - size;
    first_ = at + kPageSize;
    std::fill(first_, bottom_ + size_, kPattern);
    const stack_t stack{bottom_, 0, size_};
    (void)sigaltstack(&stack, nullptr);
  }
  [[nodiscard]] bool was_used() const { return bottom_[size_ - 1] != kPattern || used() != 0; }
  [[nodiscard]] bool was_overrun() const { return used() > size_; }

 private:
  static constexpr std::byte kPattern{0x5A};
  [[nodiscard]] std::size_t used() const {
    const std::byte* const end = bottom_ + size_;
    return static_cast<std::size_t>(
        end - std::find_if(first_, bottom_ + size_, [](std::byte b) { return b != kPattern; }));
  }

  std::size_t size_;
  std::byte* bottom_ = nullptr;
  std::byte* first_ = nullptr;
};

class AlternateStacks : public EveryTracking {};

TEST_P(AlternateStacks, NeedFourKibibytesBesideWhatTheKernelPutsThere) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own functions need more";
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    const FilledStack stack(static_cast<std::size_t>(sysconf(_SC_MINSIGSTKSZ)) + 4096);
    Pool pool = must(Pool::create(std::uint64_t{16} << 20));
    Arena arena = must(Arena::create(pool, std::uint64_t{1} << 20, {.tracking = GetParam()}));
    for (int epoch = 0; epoch < 8; ++epoch) {  // until pages are hot
      for (std::size_t page = 0; page < 100; page += 2) write(arena, page * kPageSize, "new");
      must(arena.commit());
      write(arena, kPageSize, "gone");
      must(arena.revert());
    }
    if (stack.was_overrun()) return "something lies before the stack";
    const bool by_signals = tracker_kind(GetParam()).signal != 0;
    return by_signals == stack.was_used() ? "" : "another stack was used";
  }));
}

INSTANTIATE_TEST_SUITE_P(By, AlternateStacks, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
