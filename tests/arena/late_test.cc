// Arenas whose pages come when they are touched.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "sync/memory.h"
#include "tests/arena/late_contents.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/poor_process.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

TEST_F(LateArena, HoldsWhatItsSnapshotDoes) {
  Arena arena = restore();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.data()), kBase);
  EXPECT_EQ(arena.size(), kPages * kPageSize);
  EXPECT_EQ(arena.missing(), count());
  EXPECT_EQ(arena.statistics().tracking, Tracking::async);
  expect_right(arena);
  EXPECT_EQ(arena.missing(), 0u);
}

TEST_F(LateArena, BringsOnlyWhatIsTouched) {
  const std::uint64_t before = beyond_.gets;
  Arena arena = restore();
  EXPECT_TRUE(is_right(at(arena, 9), 9));
  EXPECT_TRUE(is_right(at(arena, 500), 500));
  EXPECT_TRUE(is_right(at(arena, 1), 1));  // zeroes
  EXPECT_EQ(arena.missing(), count() - 2);
  EXPECT_LE(beyond_.gets - before, 2u);
}

TEST_F(LateArena, IsMadeOfASnapshotThatIsInMemory) {
  const Pool pool = must(Pool::create(ByteCount{8 << 20}));
  Space space = must(Space::create(pool));
  must(space.map_at(address(0), ByteCount{16 * kPageSize}));
  must(space.write(address(9), page_of(9)));
  const Snapshot snapshot = must(space.snapshot());
  must(space.write(address(9), page_of(10)));  // none of the arena's matter
  Arena arena = must(Arena::restore(snapshot));
  EXPECT_TRUE(is_right(at(arena, 9), 9));
  store(arena, 9, 1);
  std::byte there{};
  must(snapshot.read(address(9), {&there, 1}));
  EXPECT_EQ(there, page_of(9)[0]);
}

TEST_F(LateArena, HasNothingToCommitWhenItWasOnlyRead) {
  Arena arena = restore();
  const Commit first = arena.head();
  for (const std::uint64_t page : Pages{0, 7, 8, 9, 100, 199, 250, 300, 310, 311, 1023}) {
    (void)load(arena, page);
  }
  must(arena.changes([&](std::span<const std::byte> run) {
    // Of a hole that was read, no tracker knows more.
    for (const std::byte& byte : run) {
      EXPECT_FALSE(has(static_cast<std::uint64_t>(&byte - arena.data()) / kPageSize));
    }
  }));
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
  expect_right(arena);
  const Commit read = must(arena.commit());
  EXPECT_EQ(read.pages(), 0u);
  EXPECT_EQ(arena.statistics().recorded, 0u);
  must(arena.diff(first, read, [](std::span<const std::byte>) { ADD_FAILURE(); }));
}

TEST_F(LateArena, CommitsExactlyWhatWasWritten) {
  Arena arena = restore();
  for (const std::uint64_t page : Pages{8, 9, 10, 11}) (void)load(arena, page);
  for (const std::uint64_t page : Pages{8, 9, 50, 51, 300, 3, 301, 1023}) {
    store(arena, page, 0xee);  // had, missing, and holes
  }
  const Commit written = must(arena.commit());
  EXPECT_EQ(written.pages(), 8u);
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
  for (const std::uint64_t page : Pages{8, 51, 301}) {
    std::vector<std::byte> now(kPageSize);
    must(written.snapshot().read(address(page), now));
    auto right = page_of(page);
    right[0] = std::byte{0xee};
    EXPECT_TRUE(std::equal(now.begin(), now.end(), right.begin())) << "page " << page;
  }
}

TEST_F(LateArena, ChecksOutAmongCommitsWhilePagesAreMissing) {
  Arena arena = restore();
  const Commit first = arena.head();
  store(arena, 9, 1);
  store(arena, 3, 2);
  const Commit one = must(arena.commit());
  store(arena, 60, 3);
  const Commit two = must(arena.commit());
  const std::uint64_t missing = arena.missing();
  must(arena.checkout(first));
  EXPECT_EQ(arena.missing(), missing);
  EXPECT_TRUE(is_right(at(arena, 9), 9));
  EXPECT_TRUE(is_right(at(arena, 60), 60));
  must(arena.checkout(two));
  EXPECT_EQ(load(arena, 9), std::byte{1});
  EXPECT_EQ(load(arena, 60), std::byte{3});
  must(arena.checkout(one));
  EXPECT_TRUE(is_right(at(arena, 60), 60));
  store(arena, 199, 4);
  must(arena.revert());
  must(arena.checkout(first));
  expect_right(arena);
}

TEST_F(LateArena, HoldsPagesThatAreMissingWithoutBringingThem) {
  Arena arena = restore();
  const Hold hold = must(arena.hold(at(arena, 20), ByteCount{3 * kPageSize}));
  EXPECT_EQ(arena.missing(), count());
  store(arena, 21, 1);
  std::vector<std::byte> seen(3 * kPageSize);
  must(hold.read(address(20), seen));
  for (const std::uint64_t page : Pages{20, 21, 22}) {
    EXPECT_TRUE(is_right(&seen[(page - 20) * kPageSize], page));
  }
}

TEST_F(LateArena, GivesDevicesWhatItHolds) {
  Arena arena = restore();
  ArenaPin pin = must(arena.pin(at(arena, 198), ByteCount{3 * kPageSize}, PinAccess::write));
  EXPECT_EQ(arena.missing(), count() - 2);
  for (std::uint64_t page = 198; page < 201; ++page) {
    EXPECT_TRUE(is_right(pin.memory().data() + (page - 198) * kPageSize, page));
  }
  pin.memory()[0] = std::byte{0xee};
  EXPECT_EQ(load(arena, 198), std::byte{0xee});
  EXPECT_EQ(must(arena.commit()).pages(), 1u);
  pin.release();
  must(arena.revert());
}

// What the kernel does for the program brings no page, whoever is privileged.
void expect_system_calls_need_pages(Arena& arena, const std::function<void(std::byte*)>& ask,
                                    std::byte* page) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], "12345", 5), 5);
  EXPECT_EQ(write(ends[1], page, 5), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(read(ends[0], page, 5), -1);
  EXPECT_EQ(errno, EFAULT);
  const std::uint64_t missing = arena.missing();
  ask(page);
  EXPECT_LE(arena.missing(), missing);
  EXPECT_EQ(read(ends[0], page, 5), 5);
  EXPECT_EQ(std::memcmp(page, "12345", 5), 0);
  EXPECT_EQ(write(ends[1], page, 5), 5);
  (void)close(ends[0]);
  (void)close(ends[1]);
}

void expect_all_ways(Arena& arena, std::byte* page, std::byte* hole) {
  const auto next = [](std::byte*& from) { return std::exchange(from, from + kPageSize); };
  for (std::byte** from : {&page, &hole}) {
    expect_system_calls_need_pages(
        arena, [&](std::byte* at) { must(arena.fetch(at, ByteCount{5})); }, next(*from));
    expect_system_calls_need_pages(
        arena, [&](std::byte* at) { arena.mark_dirty(at, ByteCount{5}); }, next(*from));
    expect_system_calls_need_pages(
        arena, [&](std::byte* at) { (void)must(arena.pin(at, ByteCount{5}, PinAccess::read)); },
        next(*from));
    expect_system_calls_need_pages(
        arena, [](std::byte* at) { *static_cast<volatile std::byte*>(at) = std::byte{0}; },
        next(*from));
  }
}

TEST_F(LateArena, HasSystemCallsFailOnPagesThatNothingAskedFor) {
  Arena arena = restore();
  expect_all_ways(arena, at(arena, 100), at(arena, 302));
  EXPECT_EQ(must(arena.commit()).pages(), 8u);
}

TEST_F(LateArena, HasSystemCallsFailOnTheSameForAnUnprivilegedUser) {
  EXPECT_TRUE(is_well(child([] {
    if (!become_nobody()) return;
    Beyond beyond;
    const Pool pool = must(Pool::create(ByteCount{8 << 20}));
    Space space = must(Space::create(pool));
    const Address at{kBase + (std::uint64_t{1} << 30)};
    must(space.map_at(at, ByteCount{64 * kPageSize}));
    for (std::uint64_t page = 0; page < 32; page += page < 8 ? 1 : 10) {
      must(space.write(at + page * kPageSize, page_of(9)));
    }
    Arena own = must(Arena::restore(must(space.snapshot())));
    expect_all_ways(own, own.data(), own.data() + 9 * kPageSize);
    if (testing::Test::HasFailure()) say("as nobody it is another");
  })));
}

TEST_F(LateArena, LeavesHolesBeyondItsPagesToTheKernel) {
  Arena arena = restore();
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(read(zero, at(arena, 220), 40 * kPageSize), static_cast<ssize_t>(40 * kPageSize));
  (void)close(zero);
}

TEST_F(LateArena, IsLikeAnyOtherWhenAllPagesAreThere) {
  Arena arena = restore();
  EXPECT_EQ(must(arena.fetch(arena.data(), arena.size())), count());
  EXPECT_EQ(arena.missing(), 0u);
  EXPECT_EQ(must(arena.fetch(arena.data(), arena.size())), 0u);
  store(arena, 9, 1);
  EXPECT_EQ(must(arena.commit()).pages(), 1u);
  ASSERT_EQ(madvise(at(arena, 64), 64 * kPageSize, MADV_REMOVE), 0);  // holes, of the kernel's now
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(read(zero, at(arena, 64), 40), 40);
  (void)close(zero);
  arena.mark_dirty(at(arena, 64), ByteCount{64 * kPageSize});
  EXPECT_EQ(must(arena.commit()).pages(), 64u);
  (void)load(arena, 70);
  store(arena, 80, 1);
  store(arena, 201, 1);
  EXPECT_EQ(must(arena.commit()).pages(), 2u);
}

TEST_F(LateArena, FindsNothingUnseenInPagesThatAreMissing) {
  Arena arena = restore({.arena = {.catch_writers = true, .catch_unseen = true}});
  const Commit first = arena.head();
  store(arena, 9, 1);
  EXPECT_EQ(must(arena.commit()).pages(), 1u);
  must(arena.checkout(first));
  expect_right(arena);
}

TEST_F(LateArena, LosesAPageThatTheProgramGivesBack) {
  Arena arena = restore();
  arena.mark_dirty(at(arena, 40), ByteCount{2 * kPageSize});
  ASSERT_EQ(madvise(at(arena, 40), 2 * kPageSize, MADV_REMOVE), 0);
  EXPECT_EQ(load(arena, 40), std::byte{0});
  EXPECT_EQ(must(arena.commit()).pages(), 2u);
}

TEST_F(LateArena, KeepsTheProtectionsOfTheProgram) {
  Arena arena = restore();
  ASSERT_EQ(mprotect(at(arena, 16), 4 * kPageSize, PROT_READ), 0);
  EXPECT_TRUE(is_right(at(arena, 17), 17));
  ASSERT_EQ(mprotect(at(arena, 20), 4 * kPageSize, PROT_NONE), 0);
  EXPECT_EQ(must(arena.fetch(at(arena, 20), ByteCount{kPageSize})), 1u);
  ASSERT_EQ(mprotect(at(arena, 16), 8 * kPageSize, PROT_READ | PROT_WRITE), 0);
  expect_right(arena);
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

// Which gives memory to all that is mapped, the alias too.
TEST_F(LateArena, HoldsWhatItsSnapshotDoesWhereAllMemoryIsLocked) {
  EXPECT_TRUE(is_well(child([] {
    LateArena_IsMadeOfASnapshotThatIsInMemory_Test own_process;
    own_process.SetUp();
    Arena arena = own_process.restore();
    if (mlockall(MCL_CURRENT) != 0) return;  // RLIMIT_MEMLOCK
    expect_right(arena);
    store(arena, 9, 1);
    const Commit first = arena.head();
    if (must(arena.commit()).pages() != 1) say("more was written");
    must(arena.checkout(first));
    expect_right(arena);
    if (testing::Test::HasFailure()) say("a page is wrong");
  })));
}

TEST_F(LateArena, IsReadByManyThreadsAndNeverInPart) {
  for (int round = 0; round < 4; ++round) {
    Arena arena = restore();
    together(4, [&](unsigned thread) {
      for (std::uint64_t i = 0; i < kPages; ++i) {
        const std::uint64_t page = thread % 2 == 0 ? i : kPages - 1 - i;
        if (!is_right(at(arena, page), page)) ADD_FAILURE() << "page " << page;
      }
    });
    EXPECT_EQ(arena.missing(), 0u);
  }
}

TEST_F(LateArena, CommitsExactlyWhileTheRestIsFetched) {
  Arena arena = restore();
  std::jthread rest([&](const std::stop_token& stop) {
    for (std::uint64_t page = 0; page < kPages && !stop.stop_requested(); ++page) {
      must(arena.fetch(at(arena, page), ByteCount{1}));
    }
  });
  for (unsigned round = 0; round < 50; ++round) {
    const std::uint64_t page = (round * 37) % kPages;
    store(arena, page, static_cast<int>(100 + round));
    EXPECT_EQ(must(arena.commit()).pages(), 1u) << "round " << round;
  }
  rest.join();
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_F(LateArena, IsRefusedWhereItCannotBe) {
  const auto refused = [&](const RestoreOptions& options) {
    return Arena::restore(*snapshot_, options).error().code;
  };
  EXPECT_EQ(refused({.arena = {.tracking = Tracking::sigbus}}), Errc::unsupported);
  EXPECT_EQ(refused({.arena = {.tracking = Tracking::software}}), Errc::unsupported);
  const std::vector<std::byte> much(kMostPayload.value + 1);
  EXPECT_EQ(refused({.payload = much}), Errc::bad_argument);
  {
    Arena other = must(Arena::create(pool_, ByteCount{kPageSize}));
    EXPECT_EQ(refused({.arena = {.joins = &other}}), Errc::bad_argument);
  }
  Arena first = restore();
  EXPECT_EQ(refused({}), Errc::already_mapped);
  Space space = must(Space::create(pool_));
  EXPECT_EQ(Arena::restore(must(space.snapshot())).error().code, Errc::bad_argument);
  must(space.map_at(Address{std::uint64_t{2} << 40}, ByteCount{kPageSize}, Protection::read));
  EXPECT_EQ(Arena::restore(must(space.snapshot())).error().code, Errc::bad_argument);
  EXPECT_EQ(first.fetch(first.data() - 1, ByteCount{1}).error().code, Errc::bad_argument);
}

TEST_F(LateArena, HasNoEffectWhereAnAllocationFails) {
  std::uint64_t failed = 0;
  for (std::uint64_t k = 1;; ++k) {
    sync::fail_allocation(k);
    auto arena = Arena::restore(*snapshot_);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    if (arena) expect_right(*arena);
    if (!struck) break;
    if (!arena) {
      ++failed;
      EXPECT_EQ(arena.error().code, Errc::no_memory);
    }
  }
  EXPECT_GT(failed, 10u);
  Arena arena = restore();
  expect_right(arena);
}

}  // namespace
}  // namespace cleave::detail
