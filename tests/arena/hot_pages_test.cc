// Pages that are written in nearly every epoch: no fault tells of them, and no write is lost.
#include "arena/memory/hot_pages.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/arena/every_tracking.h"
#include "tests/arena/pages_with_memory.h"

namespace cleave::detail {
namespace {

using namespace literals;

// ---- What becomes hot

class LearnedPages : public testing::Test {
 protected:
  /// An epoch that changes these pages.
  void epoch(std::initializer_list<std::uint64_t> pages) {
    PageSet changed = must(PageSet::create(kPages));
    for (const std::uint64_t page : pages) changed.add(page);
    cooled_.clear();
    hot_.epoch_ended(changed, limits_, cooled_);
  }
  [[nodiscard]] bool is_hot(std::uint64_t page) const { return hot_.pages().has(page); }

  static constexpr std::uint64_t kPages = 300;
  HotPages::Limits limits_{kPages, 1};
  HotPages hot_ = must(HotPages::create(kPages));
  PageSet cooled_ = must(PageSet::create(kPages));
};

TEST_F(LearnedPages, AreThoseOfThreeEpochsRunning) {
  epoch({1, 70});
  epoch({1});
  EXPECT_FALSE(is_hot(1));
  epoch({1, 70});
  EXPECT_TRUE(is_hot(1));
  EXPECT_FALSE(is_hot(70));
}

TEST_F(LearnedPages, MayMissAnEpochNowAndThen) {
  for (int i = 0; i < 3; ++i) epoch({5});
  for (int i = 0; i < 10; ++i) {
    epoch({});
    epoch({});
    epoch({5});
    EXPECT_TRUE(is_hot(5));
    EXPECT_TRUE(cooled_.empty());
  }
}

TEST_F(LearnedPages, AreForgottenAfterThreeEpochsWithoutThem) {
  for (int i = 0; i < 3; ++i) epoch({5, 6});
  for (int i = 0; i < 3; ++i) epoch({6});
  EXPECT_FALSE(is_hot(5));
  EXPECT_TRUE(is_hot(6));
  EXPECT_TRUE(cooled_.has(5));
  EXPECT_EQ(cooled_.count(), 1u);
}

TEST_F(LearnedPages, AreNoMoreThanMayBeLeftOpen) {
  limits_.most = 2;
  for (int i = 0; i < 5; ++i) epoch({1, 2, 3, 4});
  EXPECT_EQ(hot_.pages().count(), 2u);
}

TEST_F(LearnedPages, AreNoneWhereNothingIsWonByIt) {
  limits_ = {0, 0};
  for (int i = 0; i < 5; ++i) epoch({1, 2, 3, 4});
  EXPECT_TRUE(hot_.pages().empty());
}

TEST_F(LearnedPages, AreLeftOpenInRunsThatPay) {
  limits_.least_run = 3;
  for (int i = 0; i < 3; ++i) epoch({1, 2, 3, 7, 8, 62, 63, 64, 65, 299});
  EXPECT_TRUE(is_hot(1) && is_hot(3) && is_hot(62) && is_hot(65));
  EXPECT_FALSE(is_hot(7) || is_hot(299));
  for (int i = 0; i < 3; ++i) epoch({1, 2, 63, 64, 65});
  EXPECT_FALSE(is_hot(1)) << "of its run too little is left";
  EXPECT_TRUE(cooled_.has(1));
  EXPECT_TRUE(is_hot(63) && is_hot(65));
  epoch({63, 64, 65, 66});
  epoch({63, 64, 65, 66});
  epoch({63, 64, 65, 66});
  EXPECT_TRUE(is_hot(66)) << "it joins its neighbours";
}

TEST_F(LearnedPages, AreLeftOpenAloneWhileMostOfAnEpochIsAsBefore) {
  limits_ = {.most = kPages, .least_run = 3, .least_run_in_routine = 1};
  for (int i = 0; i < 3; ++i) epoch({1, 7, 70});
  EXPECT_TRUE(is_hot(1) && is_hot(7) && is_hot(70));
  epoch({1, 7, 100});
  EXPECT_TRUE(is_hot(1) && is_hot(70)) << "two of three were as before";
  epoch({});
  EXPECT_TRUE(is_hot(1)) << "an epoch without a change says nothing";
  epoch({1, 101, 102, 103});
  EXPECT_FALSE(is_hot(1) || is_hot(7)) << "much is new";
  EXPECT_TRUE(cooled_.has(1) && cooled_.has(7));
}

TEST_F(LearnedPages, AreLeftOutOfACountOfTheOthers) {
  for (int i = 0; i < 3; ++i) epoch({5, 6, 299});
  PageSet some = must(PageSet::create(kPages));
  some.add({4, 8});
  EXPECT_EQ(hot_.count_others(some), 2u);
}

TEST(PageSets, TellTheRunsOfPagesThatTheyLack) {
  constexpr std::uint64_t kPages = 200;
  PageSet set = must(PageSet::create(kPages));
  const auto gaps = [&set](PageRun within) {
    std::vector<PageRun> found;
    must(set.for_each_gap(within, [&found](PageRun run) -> Result<void> {
      found.push_back(run);
      return {};
    }));
    return found;
  };
  EXPECT_EQ(gaps({3, 200}), (std::vector<PageRun>{{3, 200}}));
  set.add({0, 2});
  set.add(PageRun{60, 130});
  set.add(199);
  EXPECT_EQ(gaps({0, kPages}), (std::vector<PageRun>{{2, 60}, {130, 199}}));
  EXPECT_EQ(gaps({61, 129}), (std::vector<PageRun>{}));
  EXPECT_EQ(gaps({1, 61}), (std::vector<PageRun>{{2, 60}}));
  EXPECT_EQ(gaps({5, 5}), (std::vector<PageRun>{}));
}

// ---- Arenas with hot pages

class ArenasWithHotPages : public EveryTracking {
 protected:
  static constexpr std::size_t kEpochs = 6;  // until a page is hot, and open

  static void write(Arena& arena, std::size_t page, std::string_view text) {
    EveryTracking::write(arena, page * kPageSize, text);
  }
  static std::string at(const Arena& arena, std::size_t page, std::size_t size = 1) {
    return text_at(arena, page * kPageSize, size);
  }
  /// Has them written in so many epochs, with neighbours, so that any tracker leaves them open.
  static void heat(Arena& arena, const std::vector<std::size_t>& pages) {
    for (std::size_t i = 0; i < kEpochs; ++i) {
      for (const std::size_t page : pages) write_block(arena, page, std::to_string(i));
      (void)must(arena.commit());
    }
  }
  static void write_block(Arena& arena, std::size_t page, std::string_view text) {
    constexpr std::size_t kBlock = 8;
    for (std::size_t i = 0; i < kBlock; ++i) write(arena, page - page % kBlock + i, text);
  }
  static std::size_t changed_pages(Arena& arena) {
    std::size_t pages = 0;
    must(arena.changes([&](std::span<const std::byte> run) { pages += run.size() / kPageSize; }));
    return pages;
  }
  /// Pages that are written often, by a rule, and seldom, in epochs of every kind.
  void hold_what_a_model_says(bool (*is_often)(std::size_t page, std::size_t phase));
  static long faults() {
    rusage used{};
    (void)getrusage(RUSAGE_THREAD, &used);
    return used.ru_minflt;
  }
};

TEST_P(ArenasWithHotPages, RecordEachOfTheirWrites) {
  Arena arena = make();
  heat(arena, {3, 4, 200});
  std::vector<Commit> commits;
  for (int i = 0; i < 10; ++i) {
    write(arena, 3, "a" + std::to_string(i));
    if (i % 2 == 0) write(arena, 200, "b" + std::to_string(i));
    commits.push_back(must(arena.commit()));
    EXPECT_EQ(commits.back().pages(), i % 2 == 0 ? 2u : 1u);
  }
  for (int i = 9; i >= 0; --i) {
    must(arena.checkout(commits[static_cast<std::size_t>(i)]));
    EXPECT_EQ(at(arena, 3, 2), "a" + std::to_string(i));
    EXPECT_EQ(at(arena, 200, 2), "b" + std::to_string(i - i % 2));
    EXPECT_EQ(at(arena, 4), "5");
  }
}

TEST_P(ArenasWithHotPages, FaultNoMoreOnThem) {
  if (!tracker_kind(GetParam()).notices) GTEST_SKIP() << "never does";
  Arena arena = make();
  std::vector<std::size_t> pages;
  for (std::size_t page = 0; page < 64; ++page) pages.push_back(page);
  heat(arena, pages);
  long taken = 0;
  for (int i = 0; i < 10; ++i) {
    const long before = faults();
    for (const std::size_t page : pages) write(arena, page, std::to_string(i));
    taken += faults() - before;
    EXPECT_EQ(must(arena.commit()).pages(), pages.size());
  }
  EXPECT_LT(taken, 64) << "of 640 writes; a page that the kernel moves meanwhile may fault";
}

// And what is written between them, now and then, is found as ever.
TEST_P(ArenasWithHotPages, FaultNoMoreOnThoseThatLieAlone) {
  if (!tracker_kind(GetParam()).notices) GTEST_SKIP() << "never does";
  Arena arena = make();
  std::vector<std::size_t> pages;
  for (std::size_t page = 0; page < 192; page += 3) pages.push_back(page);
  const auto write_all = [&](int i) {
    for (const std::size_t page : pages) write(arena, page, std::to_string(i));
  };
  for (int i = 0; i < 6; ++i) {
    write_all(i % 10);
    (void)must(arena.commit());
  }
  long taken = 0;
  for (int i = 0; i < 10; ++i) {
    const long before = faults();
    write_all(i);
    taken += faults() - before;
    write(arena, 100, std::to_string(i));
    EXPECT_EQ(must(arena.commit()).pages(), pages.size() + 1);
    write(arena, 101, "never");
    must(arena.revert());
    EXPECT_EQ(at(arena, 100) + at(arena, 101), std::to_string(i) + '\0');
  }
  EXPECT_LT(taken, 64) << "of 640 writes; a page that the kernel moves meanwhile may fault";
}

TEST_P(ArenasWithHotPages, RecordNothingWhereNothingWasWritten) {
  Arena arena = make();
  heat(arena, {3, 4, 200});
  for (int i = 0; i < 10; ++i) {
    if (i == 0) {
      EXPECT_EQ(changed_pages(arena), 0u);
    }
    EXPECT_EQ(must(arena.commit()).pages(), 0u) << i;
  }
  write(arena, 4, "x");
  EXPECT_EQ(changed_pages(arena), 1u);
  EXPECT_EQ(must(arena.commit()).pages(), 1u) << "it is watched again";
}

TEST_P(ArenasWithHotPages, AreReverted) {
  Arena arena = make();
  write(arena, 7, "start");
  const Commit start = must(arena.commit());
  for (int i = 0; i < 20; ++i) {
    write_block(arena, 7, "never");
    if (i % 5 == 4) write(arena, 9, "never");
    must(arena.revert());
    EXPECT_EQ(at(arena, 7, 5), "start");
    EXPECT_EQ(at(arena, 6, 5), std::string(5, '\0'));
    EXPECT_EQ(at(arena, 9, 5), std::string(5, '\0'));
  }
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_P(ArenasWithHotPages, GoAcrossBranches) {
  Arena arena = make();
  heat(arena, {7, 8});
  const Commit fork = arena.head();
  write(arena, 7, "left");
  const Commit left = must(arena.commit());
  must(arena.checkout(fork));
  write(arena, 8, "right");
  const Commit right = must(arena.commit());
  must(arena.checkout(left));
  EXPECT_EQ(at(arena, 7, 4) + at(arena, 8), "left5");
  must(arena.checkout(right));
  EXPECT_EQ(at(arena, 7) + at(arena, 8, 5), "5right");
  write(arena, 7, "lost");
  must(arena.checkout(left));
  EXPECT_EQ(at(arena, 7, 4) + at(arena, 8), "left5");
  std::size_t differing = 0;
  must(arena.diff(left, right, [&](auto run) { differing += run.size() / kPageSize; }));
  EXPECT_EQ(differing, 2u);
}

TEST_P(ArenasWithHotPages, ShowADevicesWritesAndKeepItsPagesInPlace) {
  Arena arena = make();
  heat(arena, {7, 8});
  const Commit before = arena.head();
  {
    const ArenaPin pin = must(arena.pin(arena.data() + 7 * kPageSize, kPageSize, PinAccess::write));
    pin.memory()[0] = std::byte{'d'};
    const auto refused = arena.checkout(before);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::pinned);
    EXPECT_EQ(must(arena.commit()).pages(), 1u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(must(arena.commit()).pages(), 0u);
    pin.memory()[0] = std::byte{'e'};
  }
  const Commit after = must(arena.commit());
  EXPECT_EQ(after.pages(), 1u);
  write(arena, 7, "f");
  must(arena.checkout(after));
  EXPECT_EQ(at(arena, 7), "e");
  must(arena.checkout(before));
  EXPECT_EQ(at(arena, 7), "5");
}

TEST_P(ArenasWithHotPages, AreHeldAsTheyAre) {
  Arena arena = make();
  heat(arena, {7, 8});
  write(arena, 7, "now");
  const Hold hold = must(arena.hold(arena.data() + 6 * kPageSize, 3 * kPageSize));
  write(arena, 7, "later");
  (void)must(arena.commit());
  std::array<std::byte, 5> shown{};
  must(hold.read(Address{reinterpret_cast<std::uintptr_t>(arena.data() + 7 * kPageSize)}, shown));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(shown.data()), 3), "now");
}

TEST_P(ArenasWithHotPages, TakeWhatASystemCallWrites) {
  Arena arena = make();
  heat(arena, {7});
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  for (int i = 0; i < 10; ++i) {
    const std::string sent = "call" + std::to_string(i);
    ASSERT_EQ(::write(ends[1], sent.data(), sent.size()), 5);
    if (!tracker_kind(GetParam()).notices) arena.mark_dirty(arena.data() + 7 * kPageSize, 5);
    ASSERT_EQ(read(ends[0], arena.data() + 7 * kPageSize, 5), 5) << "an open page takes it";
    const Commit commit = must(arena.commit());
    EXPECT_EQ(commit.pages(), 1u);
    write(arena, 7, "other");
    must(arena.revert());
    EXPECT_EQ(at(arena, 7, 5), sent);
  }
  for (const int end : ends) (void)close(end);
}

TEST_P(ArenasWithHotPages, GiveTheirMemoryBack) {
  Arena arena = make();
  heat(arena, {7, 8});
  const Commit full = arena.head();
  arena.mark_dirty(arena.data() + 7 * kPageSize, 2 * kPageSize);
  if (madvise(arena.data() + 7 * kPageSize, 2 * kPageSize, MADV_REMOVE) != 0) {
    GTEST_SKIP() << "not under this tracking";
  }
  const Commit empty = must(arena.commit());
  write(arena, 7, "x");
  must(arena.checkout(empty));
  EXPECT_EQ(at(arena, 7) + at(arena, 8), std::string(2, '\0'));
  must(arena.checkout(full));
  EXPECT_EQ(at(arena, 7) + at(arena, 8), "55");
}

// A loop that takes memory and goes back would have the kernel make it anew each time.
TEST_P(ArenasWithHotPages, KeepTheirMemoryWhenTheyBecomeZeroes) {
  if (!tracker_kind(GetParam()).notices) GTEST_SKIP() << "none become hot";
  Arena arena = make();
  const Commit empty = arena.head();
  const auto with_memory = [&arena](std::size_t first, std::size_t end) {
    return pages_with_memory(arena.memory().subspan(first * kPageSize, (end - first) * kPageSize));
  };
  std::vector<std::size_t> pages;
  for (std::size_t page = 32; page < 64; ++page) pages.push_back(page);
  heat(arena, pages);
  for (std::size_t page = 96; page < 128; ++page) write(arena, page, "seldom");
  must(arena.checkout(empty));
  EXPECT_EQ(with_memory(32, 64), 32u);
  EXPECT_EQ(with_memory(96, 128), 0u) << "what is seldom written is given back";
  EXPECT_EQ(at(arena, 40) + at(arena, 100), std::string(2, '\0'));
}

TEST_P(ArenasWithHotPages, BecomeZeroesAndAreWrittenAgain) {
  Arena arena = make();
  const Commit empty = arena.head();
  std::vector<std::size_t> pages;
  for (std::size_t page = 30; page < 60; ++page) pages.push_back(page);
  heat(arena, pages);
  const Commit full = arena.head();
  for (int i = 0; i < 5; ++i) {
    must(arena.checkout(empty));
    EXPECT_EQ(changed_pages(arena), 0u);
    EXPECT_EQ(must(arena.commit()).pages(), 0u);
    write(arena, 40, "x");
    EXPECT_EQ(must(arena.commit()).pages(), 1u);
    must(arena.checkout(full));
    EXPECT_EQ(at(arena, 40) + at(arena, 59), "55");
  }
}

TEST_P(ArenasWithHotPages, MayBeProtectedByTheProgram) {
  Arena arena = make();
  heat(arena, {7});
  std::byte* const page = arena.data() + 7 * kPageSize;
  for (const int protection : {PROT_READ, PROT_NONE}) {
    ASSERT_EQ(mprotect(page, kPageSize, protection), 0);
    EXPECT_EQ(must(arena.commit()).pages(), 0u);
    arena.mark_dirty(page, 1);
    ASSERT_EQ(mprotect(page, kPageSize, PROT_READ | PROT_WRITE), 0);
    write(arena, 7, "p");
    const Commit commit = must(arena.commit());
    EXPECT_EQ(commit.pages(), 1u);
    write(arena, 7, "q");
    must(arena.revert());
    EXPECT_EQ(at(arena, 7), "p");
    write(arena, 7, "5");
    (void)must(arena.commit());
  }
}

// Some pages often, some seldom, by commits, checkouts and reverts in any order: always what a
// plain copy of each moment says.
void ArenasWithHotPages::hold_what_a_model_says(bool (*is_often)(std::size_t page,
                                                                 std::size_t phase)) {
  constexpr std::size_t kPages = 96;
  Arena arena = must(
      Arena::create(pool_, kPages * kPageSize,
                    {.tracking = GetParam(), .system_calls_write = false, .catch_unseen = true}));
  using Model = std::array<unsigned char, kPages>;
  Model now{};
  std::vector<std::pair<Commit, Model>> moments{{arena.head(), now}};
  std::size_t head = 0;
  std::mt19937 random(7);
  const auto check = [&](int step) {
    for (std::size_t page = 0; page < kPages; ++page) {
      ASSERT_EQ(static_cast<unsigned char>(arena.data()[page * kPageSize + 9]), now[page])
          << "page " << page << ", step " << step;
    }
  };
  for (int step = 0; step < 400; ++step) {
    const std::size_t phase = static_cast<std::size_t>(step) / 50;  // they move on
    for (std::size_t page = 0; page < kPages; ++page) {
      if (random() % 100 >= (is_often(page, phase) ? 97U : 4U)) continue;
      now[page] = static_cast<unsigned char>(random());
      EveryTracking::write(arena, page * kPageSize + 9,
                           {reinterpret_cast<const char*>(&now[page]), 1});
    }
    switch (random() % 8) {
      case 0:
        must(arena.revert());
        now = moments[head].second;
        break;
      case 1:
        head = random() % moments.size();
        must(arena.checkout(moments[head].first));
        now = moments[head].second;
        break;
      default: {
        std::size_t differing = 0;
        for (std::size_t page = 0; page < kPages; ++page) {
          differing += now[page] != moments[head].second[page] ? 1U : 0U;
        }
        if (step % 3 == 0) {
          EXPECT_GE(changed_pages(arena), differing);
        }
        if (moments.size() == 12) moments.erase(moments.begin() + 1);
        moments.emplace_back(must(arena.commit()), now);
        head = moments.size() - 1;
      }
    }
    ASSERT_NO_FATAL_FAILURE(check(step));
  }
  for (const auto& [commit, model] : moments) {
    must(arena.checkout(commit));
    now = model;
    ASSERT_NO_FATAL_FAILURE(check(-1));
  }
}

TEST_P(ArenasWithHotPages, HoldWhatAModelSays) {
  hold_what_a_model_says([](std::size_t page, std::size_t phase) {
    return page >= phase * 10 && page < phase * 10 + 20;
  });
}

TEST_P(ArenasWithHotPages, HoldWhatAModelSaysWhereTheyLieApart) {
  hold_what_a_model_says([](std::size_t page, std::size_t phase) { return page % 4 == phase % 4; });
}

INSTANTIATE_TEST_SUITE_P(By, ArenasWithHotPages, testing::ValuesIn(every_choice()),
                         name_of_tracking);

}  // namespace
}  // namespace cleave::detail
