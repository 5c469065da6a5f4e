// Background reclaim: a thread that keeps memory free.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <string>
#include <thread>

#include "tests/away/on_little_memory.h"
#include "tests/support/child.h"

namespace cleave::detail {
namespace {

constexpr ReclaimMarks kMarks{4 * kPageSize, 8 * kPageSize};

// Threads that reclaim. A sanitizer has threads of its own, which begin with the program's first.
std::size_t threads() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == "cleave-reclaim") ++count;
  }
  return count;
}

class ReclaimTest : public OnLittleMemory {
 protected:
  void wait_for_free(std::uint64_t pages) const {
    while (pool.statistics().used + pages > kMemory) std::this_thread::yield();
  }
};

TEST_F(ReclaimTest, KeepsMemoryFreeOnAThreadOfTheLibrary) {
  ASSERT_TRUE(holds(pool.start_reclaim(kMarks)));
  Space space = space_of(60);
  for (std::uint64_t from = 0; from < 4; ++from) {
    fill(space, 60, from);
    wait_for_free(4);
    expect_filled(space, 60, from);
    wait_for_free(4);
  }
  pool.stop_reclaim();
  pool.stop_reclaim();
  fill(space, 60, 7);  // direct reclaim, as ever
  expect_filled(space, 60, 7);
}

TEST_F(ReclaimTest, KeepsMemoryFreeOnAThreadOfTheProgram) {
  std::jthread reclaim(
      [this](const std::stop_token& stop) { EXPECT_TRUE(holds(pool.reclaim(stop))); });
  Space space = space_of(60);
  fill(space, 60, 1);
  wait_for_free(1);
  expect_filled(space, 60, 1);
}

TEST_F(ReclaimTest, ComesBackAtOnceWhereItIsToStopBeforeItBegins) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(holds(pool.reclaim(stop.get_token())));
  EXPECT_TRUE(holds(pool.start_reclaim())) << "nothing is left of it";
}

TEST_F(ReclaimTest, IsOneThreadsWork) {
  ASSERT_TRUE(holds(pool.start_reclaim()));
  EXPECT_TRUE(fails_with(pool.start_reclaim(), Errc::already_exists));
  EXPECT_TRUE(fails_with(pool.reclaim(std::stop_token()), Errc::already_exists));
  pool.stop_reclaim();
  EXPECT_TRUE(holds(pool.start_reclaim()));
}

TEST_F(ReclaimTest, RefusesMarksThatCannotBe) {
  constexpr std::uint64_t kAll = kMemory * kPageSize;
  for (const ReclaimMarks marks : {ReclaimMarks{8 * kPageSize, 4 * kPageSize},
                                   ReclaimMarks{kPageSize - 1}, ReclaimMarks{0, kAll + kPageSize}})
    EXPECT_TRUE(fails_with(pool.start_reclaim(marks), Errc::bad_argument));
  EXPECT_TRUE(holds(pool.start_reclaim({kAll, kAll})));
}

TEST_F(ReclaimTest, NeedsABacking) {
  Pool plain = must(Pool::create(ByteCount{kMemory * kPageSize}));
  EXPECT_TRUE(fails_with(plain.start_reclaim(), Errc::unsupported));
  EXPECT_TRUE(fails_with(plain.reclaim(std::stop_token()), Errc::unsupported));
  plain.stop_reclaim();
}

// Otherwise a thread would ask a backing that is full or broken again and again.
TEST_F(ReclaimTest, LeavesErrorsToWhoNeedsTheMemoryAndGoesOnAfterwards) {
  ASSERT_TRUE(holds(pool.start_reclaim(kMarks)));
  Space space = space_of(60);
  beyond.refuses_put = [] { return true; };
  const std::uint64_t value = 1;
  Result<void> done;
  std::uint64_t n = 0;
  for (; done; ++n) done = space.write(page_at(n), std::as_bytes(std::span(&value, 1)));
  EXPECT_TRUE(fails_with(done, Errc::io));
  EXPECT_EQ(n, kMemory + 1);
  {
    const std::lock_guard guard(beyond.lock);
    beyond.refuses_put = nullptr;
  }
  fill(space, 60, 3);
  wait_for_free(4);
  expect_filled(space, 60, 3);
}

TEST_F(ReclaimTest, EndsWithThePoolsMemory) {
  const std::size_t before = threads();
  Beyond other;
  {
    Pool own =
        must(Pool::create(ByteCount{kMemory * kPageSize}, std::make_unique<MemoryBacking>(other)));
    ASSERT_TRUE(holds(own.start_reclaim()));
    EXPECT_EQ(threads(), before + 1);
    Space space = must(Space::create(own));
    own = must(Pool::create(ByteCount{kPageSize}));
    must(space.map_at(page_at(0), ByteCount{60 * kPageSize}));
    fill(space, 60, 1);
    expect_filled(space, 60, 1);
    EXPECT_EQ(threads(), before + 1);
  }
  EXPECT_TRUE(other.ended);
  // join() returns a moment before the kernel forgets the thread.
  while (threads() != before) std::this_thread::yield();
}

TEST_F(ReclaimTest, StaysWithTheParentInAChildOfFork) {
  ASSERT_TRUE(holds(pool.start_reclaim(kMarks)));
  Space space = space_of(60);
  fill(space, 60, 1);
  EXPECT_TRUE(is_well(child([&] {
    if (threads() != 0) say("threads");
    if (!fails_with(pool.start_reclaim(), Errc::not_permitted)) say("started");
    if (!fails_with(pool.reclaim(std::stop_token()), Errc::not_permitted)) say("began");
    pool.stop_reclaim();
    const Pool gone = std::move(pool);
  })));
  fill(space, 60, 2);
  wait_for_free(4);
  expect_filled(space, 60, 2);
}

// A batch is a sixteenth of this pool's memory, and so goes with few of its pages.
TEST(Reclaim, HasWhatNobodyLooksAtGoFirst) {
  constexpr std::uint64_t kPages = 96;
  Beyond beyond;
  Pool pool =
      must(Pool::create(ByteCount{256 * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
  Space space = must(Space::create(pool));
  const Address at = must(space.map(ByteCount{kPages * kPageSize}));
  const auto write_all = [&](std::uint64_t value) {
    for (std::uint64_t n = 0; n < kPages; ++n)
      must(space.write(at + n * kPageSize, std::as_bytes(std::span(&value, 1))));
  };
  const auto expect_all = [&](const auto& source, std::uint64_t value) {
    for (std::uint64_t n = 0; n < kPages; ++n) {
      std::uint64_t seen = 0;
      must(source.read(at + n * kPageSize, std::as_writable_bytes(std::span(&seen, 1))));
      ASSERT_EQ(seen, value);
    }
  };
  write_all(1);
  const Snapshot moment = must(space.snapshot());
  write_all(2);
  for (int round = 0; pool.statistics().away < kPages; ++round) {
    ASSERT_LT(round, 100);
    expect_all(space, 2);
    (void)pool.evict(kPageSize);
  }
  const std::uint64_t came = pool.statistics().came;
  expect_all(space, 2);
  EXPECT_EQ(pool.statistics().came, came) << "what the program works with was in memory";
  expect_all(moment, 1);
  EXPECT_EQ(pool.statistics().came, came + kPages);
}

}  // namespace
}  // namespace cleave::detail
