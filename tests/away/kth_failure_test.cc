// A backing that fails at its k-th page, and memory that lacks at the k-th allocation, for each k:
// an error of the operation that met it, which has lost nothing and can be tried again.
#include <functional>
#include <optional>

#include <cleave/hold.h>
#include <cleave/pin.h>

#include "sync/memory.h"
#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

class KthFailureTest : public OnLittleMemory {
 protected:
  static constexpr std::uint64_t kPages = 40;

  /// Each step until it succeeds, as it must the second time.
  template <class Step>
  auto step(Step what) {
    auto done = what();
    if (!done) {
      EXPECT_TRUE(fails_with(done, expected)) << "at " << k;
      ++failed;
      done = what();
    }
    EXPECT_TRUE(holds(done)) << "at " << k;
    return done;
  }
  void write(Space& space, std::uint64_t n, std::uint64_t value) {
    (void)step([&] { return space.write(page_at(n), std::as_bytes(std::span(&value, 1))); });
  }
  template <class Source>
  void expect(const Source& source, std::uint64_t n, std::uint64_t value) {
    std::uint64_t seen = ~value;
    (void)step(
        [&] { return source.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1))); });
    EXPECT_EQ(seen, value) << "page " << n << " at " << k;
  }

  void play() {
    Space space = must(Space::create(pool));
    must(space.map_at(page_at(0), ByteCount{kPages * kPageSize}));
    arm();
    for (std::uint64_t n = 0; n < kPages; ++n) write(space, n, 1);
    auto moment = step([&] { return space.snapshot(); });
    for (std::uint64_t n = 0; n < kPages; n += 3) write(space, n, 2);
    auto child = step([&] { return space.fork(); });
    auto hold = step([&] { return child->hold(page_at(0), ByteCount{kPages * kPageSize}); });
    for (std::uint64_t n = 0; n < kPages; n += 5) write(*child, n, 3);
    {
      auto pin = step([&] {
        return space.pin(page_at(6), ByteCount{4 * kPageSize}, PinAccess::write,
                         PinTerm::long_term);
      });
      auto grandchild = step([&] { return space.fork(); });
      for (std::uint64_t n = 0; n < kPages; ++n) expect(*grandchild, n, n % 3 == 0 ? 2 : 1);
    }
    for (std::uint64_t n = 0; n < kPages; ++n) {
      const std::uint64_t forked = n % 3 == 0 ? 2 : 1;
      expect(*moment, n, 1);
      expect(*hold, n, forked);
      expect(*child, n, n % 5 == 0 ? 3 : forked);
    }
    (void)step([&] { return space.rollback(*moment); });
    for (std::uint64_t n = 0; n < kPages; ++n) expect(space, n, 1);
    disarm();
  }

  std::uint64_t k = 0;
  std::uint64_t failed = 0;
  Errc expected = Errc::io;
  std::function<void()> arm;
  std::function<void()> disarm;
};

TEST_F(KthFailureTest, OfTheBackingIsAnErrorOfWhoMetItAndLosesNothing) {
  for (const bool of_put : {true, false}) {
    auto& refuses = of_put ? beyond.refuses_put : beyond.refuses_get;
    std::uint64_t n = 0;
    arm = [&] {
      n = 0;
      refuses = [&] { return ++n == k; };
    };
    disarm = [&] { refuses = nullptr; };
    for (k = 1; k == 1 || n >= k - 1; ++k) {
      ASSERT_LT(k, 1000u);
      play();
      if (HasFailure()) return;
    }
    EXPECT_GT(k, 20u);
  }
  EXPECT_GT(failed, 0u);
}

TEST_F(KthFailureTest, OfAnAllocationIsAnErrorOfWhoMetItAndLosesNothing) {
  expected = Errc::no_memory;
  bool reached = true;
  arm = [&] { sync::fail_allocation(k); };
  disarm = [&] {
    reached = sync::allocation_failed();
    sync::fail_allocation(0);
  };
  for (k = 1; reached; ++k) {
    ASSERT_LT(k, 1000u);
    play();
    if (HasFailure()) return;
  }
  EXPECT_GT(failed, 20u);
}

}  // namespace
}  // namespace cleave::detail
