// Trackers by themselves, on memory that is no arena's.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/fault_signal.h>
#include <cleave/must.h>

#include "arena/track/fault_tracker.h"
#include "arena/track/registry.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

void write(const Mapping& mapping, std::uint64_t page) {
  *static_cast<volatile std::byte*>(mapping.native(page)) = std::byte{1};
}

PageSet collected(const Mapping& mapping, Tracker& tracker) {
  PageSet changed = must(PageSet::create(mapping.pages()));
  must(tracker.collect({0, mapping.pages()}, changed));
  return changed;
}

// Two threads come to one page at once, and the handler runs in both. When faults are many it opens
// the neighbours as well; the second of the two must not keep that to itself.
TEST(TrackerByMprotect, KnowsOfEveryPageThatTheSecondOfTwoFaultsOnAPageOpened) {
  constexpr std::uint64_t kPages = 16'384;
  constexpr std::uint64_t kBoth = 8192;  // where both threads come to
  const Mapping mapping = must(Mapping::create(kPages, nullptr));
  const auto tracker = must(make_tracker(Tracking::mprotect, mapping));
  auto& handler = dynamic_cast<FaultTracker&>(*tracker);
  for (std::uint64_t page = 0; page < 4095; ++page) {
    ASSERT_TRUE(handler.fault(mapping.native(page)));
  }
  ASSERT_TRUE(handler.fault(mapping.native(kBoth)));
  ASSERT_TRUE(handler.fault(mapping.native(kBoth)));
  write(mapping, kBoth + 1);
  EXPECT_TRUE(collected(mapping, *tracker).has(kBoth + 1));
}

/// A child of fork(2) that has all descriptors of ours, and does nothing until it is told to end.
class ForkedChild {
 public:
  ForkedChild() {
    if (pid_ == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) (void)pause();
    }
  }
  ~ForkedChild() {
    (void)kill(pid_, SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
  }
  ForkedChild(const ForkedChild&) = delete;
  ForkedChild& operator=(const ForkedChild&) = delete;

 private:
  pid_t pid_ = fork();
};

class TrackersInTurn : public testing::TestWithParam<std::array<Tracking, 2>> {};

// A userfaultfd ends with its last descriptor, and a child may keep one: then its memory can
// neither be watched by another nor be written, unless it was let go of.
TEST_P(TrackersInTurn, LetGoOfTheirMemoryThoughAChildOfForkHasTheirDescriptors) {
  for (const Tracking tracking : GetParam()) {
    if (auto works = try_tracking(tracking); !works) GTEST_SKIP() << works.error().message();
  }
  const Mapping mapping = must(Mapping::create(64, nullptr));
  auto first = must(make_tracker(GetParam()[0], mapping));
  write(mapping, 1);
  const ForkedChild child;
  first.reset();
  write(mapping, 2);  // no tracker watches now
  const auto second = make_tracker(GetParam()[1], mapping);
  ASSERT_TRUE(second) << second.error().message();
  (void)collected(mapping, **second);
  write(mapping, 3);
  const PageSet changed = collected(mapping, **second);
  EXPECT_TRUE(changed.has(3));
  EXPECT_FALSE(changed.has(2));
}

INSTANTIATE_TEST_SUITE_P(Of, TrackersInTurn,
                         testing::Values(std::array{Tracking::async, Tracking::sigbus},
                                         std::array{Tracking::sigbus, Tracking::async}),
                         [](const auto& in_turn) {
                           return "from_" + std::string(name(in_turn.param[0]));
                         });

// Who is asked about a fault.

class Asked final : public FaultWatcher {
 public:
  bool fault(std::byte*) noexcept override {
    times.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  std::atomic<std::uint64_t> times{0};
};

// Ranges come and go while other threads' faults look for theirs.
TEST(FaultWatchers, AreNotAskedAboutAnAddressBetweenAnOldRangeAndANewOne) {
  const auto page_at = [](std::uintptr_t address) {
    return std::span(reinterpret_cast<std::byte*>(address), kPageSize);
  };
  const auto below = page_at(1 << 20);
  const auto above = page_at(3 << 20);
  Asked asked;
  std::atomic<bool> end{false};
  std::atomic<int> changes{0};
  std::thread changing([&] {
    while (!end) {
      for (const auto& range : {below, above}) {
        must(watch_faults(SIGBUS, range, asked));
        unwatch_faults(asked);
        ++changes;
      }
    }
  });
  siginfo_t between{};
  between.si_signo = SIGBUS;
  between.si_code = BUS_ADRERR;
  between.si_addr = page_at(2 << 20).data();
  while (asked.times == 0 && changes < 20'000) (void)arena_fault(SIGBUS, &between);
  end = true;
  changing.join();
  EXPECT_EQ(asked.times, 0u);
}

// As many as there are arenas, which only descriptors limit.
TEST(FaultWatchers, AreAsManyAsAreWanted) {
  constexpr std::size_t kMany = 300;
  std::vector<Asked> asked(kMany);
  const auto page_at = [](std::size_t i) {
    return std::span(reinterpret_cast<std::byte*>((i + 256) * kPageSize), kPageSize);
  };
  for (std::size_t i = 0; i < kMany; ++i) must(watch_faults(SIGBUS, page_at(i), asked[i]));
  siginfo_t inside{};
  inside.si_code = BUS_ADRERR;
  for (std::size_t i = 0; i < kMany; ++i) {
    inside.si_addr = page_at(i).data();
    (void)arena_fault(SIGBUS, &inside);
    EXPECT_EQ(asked[i].times, 1u) << i;
  }
  for (Asked& each : asked) unwatch_faults(each);
  (void)arena_fault(SIGBUS, &inside);
  EXPECT_EQ(asked.back().times, 1u);
}

// A handler of others opens what there is while arenas come and go.
class Opened final : public FaultWatcher {
 public:
  ~Opened() { value = 0; }
  bool fault(std::byte*) noexcept override { return false; }
  void open_all() noexcept override { wrong.fetch_add(value != 7, std::memory_order_relaxed); }
  static inline std::atomic<int> wrong{0};
  int value = 7;
};

TEST(FaultWatchers, AreNotOpenedWhenTheyHaveEnded) {
  std::atomic<bool> end{false};
  std::thread opening([&] {
    sigset_t both;
    (void)sigemptyset(&both);
    (void)sigaddset(&both, SIGBUS);
    while (!end) open_watched(both);
  });
  const std::span range(reinterpret_cast<std::byte*>(std::uintptr_t{1} << 20), kPageSize);
  for (int round = 0; round < rounds(5000); ++round) {
    const auto watcher = std::make_unique<Opened>();
    must(watch_faults(SIGBUS, range, *watcher));
    if (round % 16 == 0) std::this_thread::yield();
    unwatch_faults(*watcher);
  }
  end = true;
  opening.join();
  EXPECT_EQ(Opened::wrong, 0);
}

TEST(PageSets, LoseNothingThatIsAddedWhileOtherPagesAreMovedOut) {
  constexpr std::uint64_t kPages = 10'000;
  PageSet from = must(PageSet::create(kPages));
  PageSet into = must(PageSet::create(kPages));
  std::atomic<bool> end{false};
  std::thread moving([&] {
    while (!end) from.move({0, kPages}, into);
  });
  for (std::uint64_t page = 0; page < kPages; ++page) (void)from.add((page * 7) % kPages);
  end = true;
  moving.join();
  from.move({0, kPages}, into);
  EXPECT_EQ(into.count(), kPages);
  EXPECT_TRUE(from.empty());
}

TEST(PageSets, MoveWhatLiesInsideARangeAlone) {
  PageSet from = must(PageSet::create(1000));
  PageSet into = must(PageSet::create(1000));
  from.add({10, 700});
  from.move({100, 130}, into);
  EXPECT_EQ(into.count(), 30u);
  EXPECT_EQ(from.count(), 660u);
  EXPECT_TRUE(from.has(99) && from.has(130) && !from.has(100) && into.has(129));
  from.move({0, 1000}, into);
  EXPECT_EQ(into.count(), 690u);
  EXPECT_TRUE(from.empty());
}

}  // namespace
}  // namespace cleave::detail
