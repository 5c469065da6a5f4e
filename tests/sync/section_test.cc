#include <atomic>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include <cleave/detail/section.h>

#include "sync/heavy_fence.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail::sync {
namespace {

// Turns that a waiter gets to return too early.
void let_others_run() {
  for (int i = 0; i < 50; ++i) std::this_thread::yield();
}

TEST(Section, AWriterThatIsInsideIsWaitedFor) {
  for (int n = 0; n < 20; ++n) {
    Section section;
    std::atomic<bool> inside{false};
    std::atomic<bool> waiting{false};
    std::atomic<bool> finished{false};
    together(2, [&](unsigned i) {
      if (i == 0) {
        section.enter_writing();
        inside = true;
        while (!waiting) std::this_thread::yield();
        let_others_run();
        finished = true;
        section.leave();
      } else {
        while (!inside) std::this_thread::yield();
        waiting = true;
        section.wait_for_writer();
        EXPECT_TRUE(finished);
      }
    });
  }
}

TEST(Section, AReaderThatIsInsideIsWaitedForByWhoWantsItIdle) {
  for (int n = 0; n < 20; ++n) {
    Section section;
    std::atomic<bool> inside{false};
    std::atomic<bool> waiting{false};
    std::atomic<bool> finished{false};
    together(2, [&](unsigned i) {
      if (i == 0) {
        section.enter_reading();
        inside = true;
        while (!waiting) std::this_thread::yield();
        let_others_run();
        finished = true;
        section.leave();
      } else {
        while (!inside) std::this_thread::yield();
        waiting = true;
        section.wait_until_idle();
        EXPECT_TRUE(finished);
      }
    });
  }
}

TEST(Section, WhoWaitsForAWriterDoesNotWaitForAReader) {
  Section section;
  section.enter_reading();
  section.wait_for_writer();
  EXPECT_TRUE(section.inside());
  section.leave();
  EXPECT_FALSE(section.inside());
}

TEST(Section, DoesNotWaitWhereNoThreadIsInside) {
  const Section section;
  section.wait_for_writer();
  section.wait_until_idle();
  EXPECT_FALSE(section.inside());
}

TEST(Section, EntriesTurnLightOnceTheyHaveCostAsMuchAsAHeavyFence) {
  Section section;
  section.start_strong(6);
  int strong = 0;
  while (!section.light_under(6)) {
    ASSERT_LT(strong, 100'000) << "it never turns light";
    section.enter_writing();
    EXPECT_TRUE(section.inside());
    section.leave();
    ++strong;
  }
  EXPECT_GT(strong, 100) << "it turned light before that was earned";
}

TEST(Section, ANewStampMakesEntriesStrongAgain) {
  Section section;
  section.start_strong(6);
  for (int n = 0; n < 5000; ++n) {
    section.enter_writing();
    section.leave();
  }
  ASSERT_TRUE(section.light_under(6));
  section.start_strong(8);
  section.enter_writing();
  section.leave();
  EXPECT_FALSE(section.light_under(8));
}

TEST(Section, WithoutAStampOfItsOwnItIsLightUnderNone) {
  const Section section;
  for (std::uint64_t stamp = 0; stamp < 10; ++stamp) EXPECT_FALSE(section.light_under(stamp));
}

// The whole protocol of the header, with a number in the place of memory.
TEST(Section, NoThreadWritesUnderARevokedStamp) {
  Section section;
  atomic<std::uint64_t> stamp{0};
  atomic<std::uint64_t> memory{0};
  std::uint64_t mine = 0;
  section.start_strong(0);
  Meanwhile writer([&] {
    section.enter_writing();
    if (stamp.load(seq_cst) == mine) {
      memory.store(memory.load(relaxed) + 1, relaxed);
      section.leave();
      return;
    }
    section.leave();
    const std::uint64_t now = stamp.load(acquire);
    if (now % 2 != 0) return std::this_thread::yield();
    section.start_strong(now);
    mine = now;
  });
  const int kRounds = rounds(3000);
  for (int n = 0; n < kRounds; ++n) {
    // Now and then long enough for the writer to turn light.
    if (n % 50 == 0) writer.wait_for_rounds(5000);
    const std::uint64_t held = stamp.load(relaxed);
    (void)stamp.exchange(held + 1, seq_cst);
    if (section.light_under(held)) heavy_fence("test.heavy");
    section.wait_for_writer();
    const std::uint64_t seen = memory.load(relaxed);
    for (int look = 0; look < 100; ++look) ASSERT_EQ(memory.load(relaxed), seen) << "round " << n;
    stamp.store(held + 2, release);
  }
}

}  // namespace
}  // namespace cleave::detail::sync
