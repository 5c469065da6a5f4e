// What a visit of changes() may do with its arena, and what is refused: it would wait for itself.
#include <dlfcn.h>

#include <atomic>
#include <span>
#include <stdexcept>
#include <thread>

#include <cleave/program/writable_segments.h>
#include <cleave/space.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

class AVisitOfChanges : public EveryTracking {
 protected:
  Arena arena_ = make();
};

TEST_P(AVisitOfChanges, IsRefusedWhatWouldWaitForItsEnd) {
  write(arena_, 0, "changed");
  const Commit head = arena_.head();
  int visits = 0;
  EXPECT_TRUE(holds(arena_.changes([&](std::span<const std::byte> run) {
    ++visits;
    EXPECT_TRUE(fails_with(arena_.commit(), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.commit("name"), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.checkout(head), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.revert(), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.changes([](auto) {}), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.pin(run.data(), 1, PinAccess::read), Errc::not_permitted));
    EXPECT_TRUE(fails_with(arena_.hold(run.data(), 1), Errc::not_permitted));
  })));
  EXPECT_EQ(visits, 1);
  EXPECT_EQ(arena_.head(), head);
  EXPECT_EQ(must(arena_.commit()).pages(), 1u) << "afterwards all is as it was";
}

TEST_P(AVisitOfChanges, MayAskWhatTheArenaIsAndReleasePins) {
  write(arena_, 0, "changed");
  ArenaPin pin = must(arena_.pin(arena_.data(), 1, PinAccess::write));
  EXPECT_TRUE(holds(arena_.changes([&](auto) {
    EXPECT_EQ(arena_.head().number(), 0u);
    EXPECT_EQ(arena_.statistics().living, 1u);
    EXPECT_FALSE(arena_.find("none"));
    EXPECT_FALSE(arena_.tracking_reason().empty());
    pin.release();
  })));
  EXPECT_EQ(arena_.statistics().short_pins, 0u);
}

TEST_P(AVisitOfChanges, ThatThrowsLeavesTheArenaToOthers) {
  write(arena_, 0, "changed");
  EXPECT_THROW((void)arena_.changes([](auto) { throw std::runtime_error("no more"); }),
               std::runtime_error);
  EXPECT_TRUE(holds(arena_.commit()));
}

TEST_P(AVisitOfChanges, IsWaitedForByOtherThreads) {
  write(arena_, 0, "changed");
  std::atomic<bool> over{false};
  std::thread other;
  EXPECT_TRUE(holds(arena_.changes([&](auto) {
    other = std::thread([&] {
      EXPECT_TRUE(holds(arena_.commit()));
      EXPECT_TRUE(over) << "it came in between";
    });
    std::this_thread::yield();
    over = true;
  })));
  other.join();
}

INSTANTIATE_TEST_SUITE_P(By, AVisitOfChanges, every_tracking(), name_of_tracking);

struct NoMore {};

/// Calls `visits`, which gives the function that it is given something to visit, and then again:
/// what the first visit threw has come out, and has left nothing that the second waits for.
template <class Visits>
void expect_thrown_through(const char* what, Visits visits) {
  SCOPED_TRACE(what);
  EXPECT_THROW(visits([](const auto&...) { throw NoMore{}; }), NoMore);
  int visited = 0;
  visits([&](const auto&...) { ++visited; });
  EXPECT_GE(visited, 1);
}

TEST(Visits, MayThrowThroughWhateverCallsThem) {
  const Pool pool = must(Pool::create(ByteCount{1 << 20}));
  Space space = must(Space::create(pool));
  const Address at = must(space.map(ByteCount{4 * kPageSize}));
  const Snapshot empty = must(space.snapshot());
  must(space.write(at, std::as_bytes(std::span("x"))));
  const Snapshot written = must(space.snapshot());
  Arena arena = must(Arena::create(pool, ByteCount{4 * kPageSize}));
  const Commit first = arena.head();
  arena.mark_dirty(arena.data(), 1);
  arena.data()[0] = std::byte{1};
  const Commit second = must(arena.commit());
  void* const program = dlopen(nullptr, RTLD_NOW);

  expect_thrown_through("Space::for_each_region",
                        [&](auto visit) { space.for_each_region(visit); });
  expect_thrown_through("Snapshot::for_each_region",
                        [&](auto visit) { written.for_each_region(visit); });
  expect_thrown_through("diff", [&](auto visit) { must(diff(empty, written, visit)); });
  expect_thrown_through("Arena::for_each_commit",
                        [&](auto visit) { must(arena.for_each_commit(visit)); });
  expect_thrown_through("Arena::diff", [&](auto visit) { must(arena.diff(first, second, visit)); });
  expect_thrown_through("writable_segments",
                        [&](auto visit) { must(writable_segments(program, visit)); });
  must(space.write(at, std::as_bytes(std::span("y"))));
  must(arena.checkout(first));
}

}  // namespace
}  // namespace cleave::detail
