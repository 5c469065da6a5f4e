// A device: it reads and writes pinned bytes as it likes, unseen by any sanitizer, and while others
// copy them.
#pragma once

#include <chrono>
#include <cstdint>

#include <cleave/must.h>

#include "tests/pins/on_pins.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {

__attribute__((no_sanitize("thread"), noinline)) inline void device_store(const Pin& pin,
                                                                          std::uint64_t value) {
  *static_cast<volatile std::uint64_t*>(pin.pieces()[0].iov_base) = value;
}
__attribute__((no_sanitize("thread"), noinline)) inline std::uint64_t device_load(const Pin& pin) {
  return *static_cast<const volatile std::uint64_t*>(pin.pieces()[0].iov_base);
}

/// A thread's accessor, and words that only this thread's device counts in: one a page, at
/// `offset`.
class Device {
 public:
  Device(Space& space, std::uint64_t offset) : accessor_(must(space.accessor())), offset_(offset) {}

  Result<Pin> pin(std::uint64_t page, PinAccess access = kWriting) {
    return accessor_.pin(at_page(page, offset_), 8, access);
  }
  std::uint64_t load(std::uint64_t page) {
    return must(accessor_.load<std::uint64_t>(at_page(page, offset_)));
  }
  void store(std::uint64_t page, std::uint64_t value) {
    must(accessor_.store<std::uint64_t>(at_page(page, offset_), value));
  }

  /// Pins the word, writes the next number to it through the pin and another through the space.
  /// While the page stays where it is, each side sees at once what the other wrote, and nothing is
  /// lost afterwards.
  void count_on(std::uint64_t page) {
    const std::uint64_t before = load(page);
    const Pin pinned = must(pin(page));
    ASSERT_EQ(device_load(pinned), before) << "the pin shows another page than the owner had";
    device_store(pinned, before + 1);
    ASSERT_EQ(load(page), before + 1) << "the owner misses what the device wrote";
    store(page, before + 2);
    ASSERT_EQ(device_load(pinned), before + 2) << "the device misses what the owner wrote";
    device_store(pinned, before + 3);
    ++rounds_;
  }
  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

 private:
  Accessor accessor_;
  std::uint64_t offset_;
  std::uint64_t rounds_ = 0;
};

/// Runs `body` again and again for a while, and until it has `met` what it is about; `body` gets
/// the number of the round.
template <class Body, class Met>
void for_a_while(Body body, Met met) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  for (unsigned n = 0; n < 50 || std::chrono::steady_clock::now() < end || !met(); ++n) {
    body(n);
    if (testing::Test::HasFailure()) return;
  }
}
template <class Body>
void for_a_while(Body body) {
  for_a_while(body, [] { return true; });
}

}  // namespace cleave::detail
