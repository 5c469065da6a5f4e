// A sibling that goes while a page is being copied. Its count falls to one in the middle of the
// copy, and another thread of the same space, walking without the lock, may find itself the owner
// and store into the frame that is being copied away.

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

TEST(VanishingSibling, LosesNoAdditionOfTwoThreadsOnTheSamePages) {
  Pool pool = must(Pool::create(16_MiB));
  Space space = must(Space::create(pool));
  constexpr std::uint64_t kPages = 4;
  const Address base = must(space.map(kPages * kPageSize));

  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> added{0};
  std::vector<std::thread> adders;
  for (int i = 0; i < 2; ++i) {
    adders.emplace_back([&] {
      Accessor accessor = must(space.accessor());
      std::uint64_t mine = 0;
      while (!stop.load()) {
        for (std::uint64_t page = 0; page < kPages; ++page, ++mine) {
          (void)must(accessor.fetch_add<std::uint64_t>(base + page * kPageSize, 1));
        }
      }
      added += mine;
    });
  }
  // Forks that live for a moment of varying length, so that they end in the middle of copies.
  const auto forks = static_cast<std::uint64_t>(rounds(20'000));
  for (std::uint64_t n = 0; n < forks; ++n) {
    const Space child = must(space.fork());
    for (std::atomic<std::uint64_t> spin{0}; spin < n % 400; ++spin) {
    }
  }
  stop = true;
  for (auto& adder : adders) adder.join();

  Accessor accessor = must(space.accessor());
  std::uint64_t found = 0;
  for (std::uint64_t page = 0; page < kPages; ++page) {
    found += must(accessor.load<std::uint64_t>(base + page * kPageSize));
  }
  EXPECT_EQ(found, added.load()) << "after " << forks << " forks";
}

}  // namespace
}  // namespace cleave::detail
