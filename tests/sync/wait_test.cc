#include "sync/wait.h"

#include <cstdint>
#include <set>

#include <gtest/gtest.h>

#include "sync/mutex.h"
#include "sync/thread.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail::sync {
namespace {

TEST(Wait, GivesTheFirstValueThatWillDo) {
  atomic<std::uint32_t> value{3};
  EXPECT_EQ(wait_until(
                value, [](std::uint32_t v) { return v == 3; }, "test.three"),
            3u);
  together(2, [&](unsigned i) {
    if (i == 0) {
      for (std::uint32_t v = 4; v <= 9; ++v) value.store(v, release);
    } else {
      EXPECT_EQ(wait_until(
                    value, [](std::uint32_t v) { return v == 9; }, "test.nine"),
                9u);
    }
  });
}

TEST(Threads, HaveTokensThatDifferWhileTheyLive) {
  std::set<ThreadToken> tokens;
  mutex guard;
  std::atomic<unsigned> alive{0};
  together(8, [&](unsigned) {
    {
      const Guard held(guard);
      tokens.insert(this_thread());
    }
    EXPECT_EQ(this_thread(), this_thread());
    ++alive;
    while (alive != 8) std::this_thread::yield();
  });
  tokens.insert(this_thread());
  EXPECT_EQ(tokens.size(), 9u);
  EXPECT_EQ(tokens.count(ThreadToken::none), 0u);
}

TEST(Mutex, LetsOneInAtATime) {
  mutex guard;
  std::uint64_t plain = 0;
  together(4, [&](unsigned) {
    for (int n = 0; n < rounds(20'000); ++n) {
      const Guard held(guard);
      ++plain;
    }
  });
  EXPECT_EQ(plain, 4u * static_cast<std::uint64_t>(rounds(20'000)));
}

}  // namespace
}  // namespace cleave::detail::sync
