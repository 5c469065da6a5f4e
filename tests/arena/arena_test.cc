// What holds for every way of tracking: one and the same suite runs under each.
#include "cleave/arena/arena.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cleave/arena/tracker.h"
#include "tests/support/sanitized.h"

namespace cleave {
namespace {

using namespace literals;

class Arenas : public testing::TestWithParam<Tracking> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(GetParam()); !works) {
      GTEST_SKIP() << name(GetParam()) << ": " << works.error().message();
    }
  }

  Arena make(ByteCount size = 1_MiB) {
    return must(Arena::create(pool_, size, {.tracking = GetParam()}));
  }

  // A write as a program does it: announced, where the tracking lives on that.
  static void write(Arena& arena, std::size_t offset, std::string_view text) {
    if (GetParam() == Tracking::software) arena.touch(arena.data() + offset, text.size());
    std::memcpy(arena.data() + offset, text.data(), text.size());
  }
  static std::string text_at(const Arena& arena, std::size_t offset, std::size_t size) {
    return {reinterpret_cast<const char*>(arena.data() + offset), size};
  }

  Pool pool_ = must(Pool::create(256_MiB));
};

TEST_P(Arenas, BeginAsZeroesAtACommitOfTheirOwn) {
  const Arena arena = make();
  EXPECT_EQ(arena.size(), 1_MiB);
  EXPECT_EQ(arena.data()[12345], std::byte{0});
  EXPECT_EQ(arena.head().number(), 0u);
  EXPECT_FALSE(arena.head().parent());
}

TEST_P(Arenas, GoBackToWhatACommitHeld) {
  Arena arena = make();
  write(arena, 5000, "before");
  const Commit commit = must(arena.commit());
  write(arena, 5000, "after!");
  write(arena, 500'000, "elsewhere");
  must(arena.checkout(commit));
  EXPECT_EQ(text_at(arena, 5000, 6), "before");
  EXPECT_EQ(arena.data()[500'000], std::byte{0});
}

TEST_P(Arenas, ForgetWhatWasNotCommitted) {
  Arena arena = make();
  write(arena, 0, "kept");
  must(arena.commit());
  for (int round = 0; round < 5; ++round) {
    write(arena, 0, "lost");
    must(arena.discard());
    ASSERT_EQ(text_at(arena, 0, 4), "kept") << round;
  }
}

TEST_P(Arenas, GoAcrossBranchesAndForward) {
  Arena arena = make();
  write(arena, 0, "trunk");
  const Commit trunk = must(arena.commit());
  write(arena, 0, "left ");
  write(arena, 8192, "l");
  const Commit left = must(arena.commit());
  must(arena.checkout(trunk));
  write(arena, 0, "right");
  write(arena, 81920, "r");
  const Commit right = must(arena.commit());

  must(arena.checkout(left));
  EXPECT_EQ(text_at(arena, 0, 5), "left ");
  EXPECT_EQ(text_at(arena, 8192, 1), "l");
  EXPECT_EQ(arena.data()[81920], std::byte{0});
  must(arena.checkout(right));
  EXPECT_EQ(text_at(arena, 0, 5), "right");
  EXPECT_EQ(arena.data()[8192], std::byte{0});
  EXPECT_EQ(text_at(arena, 81920, 1), "r");
  EXPECT_EQ(left.parent(), trunk);
  EXPECT_EQ(right.parent(), trunk);
  EXPECT_EQ(arena.head(), right);
}

TEST_P(Arenas, ReportTheRunsOfPagesThatChanged) {
  Arena arena = make();
  must(arena.commit());
  write(arena, 3 * 4096 + 17, "x");
  write(arena, 4 * 4096, "y");
  write(arena, 9 * 4096 + 4095, "zz");
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  must(arena.changes([&](std::span<const std::byte> run) {
    runs.emplace_back((run.data() - arena.data()) / 4096, run.size() / 4096);
  }));
  EXPECT_EQ(runs, (std::vector<std::pair<std::size_t, std::size_t>>{{3, 2}, {9, 2}}));
  // Asking does not make them clean.
  const Commit commit = must(arena.commit());
  EXPECT_EQ(commit.pages(), 4u);
}

TEST_P(Arenas, DifferBetweenCommitsByPages) {
  Arena arena = make();
  write(arena, 0, "a");
  const Commit a = must(arena.commit());
  write(arena, 40960, "b");
  const Commit b = must(arena.commit());
  std::vector<const std::byte*> where;
  must(arena.diff(a, b, [&](std::span<const std::byte> run) {
    where.push_back(run.data());
    EXPECT_EQ(run.size(), 4096u);
  }));
  EXPECT_EQ(where, std::vector<const std::byte*>{arena.data() + 40960});
}

TEST_P(Arenas, LeaveOtherCommitsAlone) {
  Arena arena = make();
  write(arena, 0, "first");
  const Commit first = must(arena.commit());
  write(arena, 0, "other");
  (void)must(arena.commit());
  const auto at = Address{reinterpret_cast<std::uintptr_t>(arena.data())};
  EXPECT_EQ(must(first.snapshot().load<char>(at)), 'f');
}

TEST_P(Arenas, AreAtTheSameAddressAfterACheckoutSoThatPointersHold) {
  struct Node {
    int value;
    Node* next;
  };
  Arena arena = make();
  auto* nodes = reinterpret_cast<Node*>(arena.data());
  arena.touch(nodes, 3 * sizeof(Node));
  nodes[0] = {1, &nodes[1]};
  nodes[1] = {2, nullptr};
  const Commit two = must(arena.commit());
  arena.touch(nodes, 3 * sizeof(Node));
  nodes[1].next = &nodes[2];
  nodes[2] = {3, nullptr};
  must(arena.checkout(two));
  EXPECT_EQ(nodes[0].next->value, 2);
  EXPECT_EQ(nodes[0].next->next, nullptr);
}

TEST_P(Arenas, NoticeAWriteToEveryPageInTurn) {
  Arena arena = make(64 * 4096);
  for (std::size_t page = 0; page < 64; ++page) {
    write(arena, page * 4096, "*");
    const Commit commit = must(arena.commit());
    ASSERT_EQ(commit.pages(), 1u) << page;
  }
}

TEST_P(Arenas, CommitNothingWhereNothingChanged) {
  Arena arena = make();
  write(arena, 0, "x");
  (void)must(arena.commit());
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
  must(arena.checkout(arena.head()));
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_P(Arenas, DoNotCountWhatACheckoutWroteAsAChange) {
  Arena arena = make();
  write(arena, 0, "one");
  write(arena, 20 * 4096, "one");
  const Commit one = must(arena.commit());
  write(arena, 0, "two");
  const Commit two = must(arena.commit());
  must(arena.checkout(one));
  must(arena.checkout(two));
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_P(Arenas, GiveMemoryBackThatBecomesZeroesAndTakeItAgain) {
  Arena arena = make();
  const Commit empty = arena.head();
  const std::string text(100 * 4096, 'x');
  write(arena, 4096, text);
  const Commit full = must(arena.commit());
  for (int round = 0; round < 3; ++round) {
    must(arena.checkout(empty));
    ASSERT_EQ(arena.data()[50 * 4096], std::byte{0});
    ASSERT_EQ(must(arena.commit()).pages(), 0u);
    must(arena.checkout(full));
    ASSERT_EQ(text_at(arena, 4096, text.size()), text);
    ASSERT_EQ(must(arena.commit()).pages(), 0u) << "memory that came back counts as written";
    must(arena.checkout(full));
  }
  write(arena, 4096, "y");
  EXPECT_EQ(must(arena.commit()).pages(), 1u);
}

TEST_P(Arenas, KeepCommitsByName) {
  Arena arena = make();
  write(arena, 0, "x");
  (void)must(arena.commit("x"));
  write(arena, 0, "y");
  (void)must(arena.commit("y"));
  ASSERT_TRUE(arena.find("x"));
  EXPECT_FALSE(arena.find("z"));
  EXPECT_EQ(arena.commit("x").error().code, Errc::already_mapped);
  must(arena.checkout(*arena.find("x")));
  EXPECT_EQ(text_at(arena, 0, 1), "x");
  EXPECT_TRUE(arena.forget("y"));
  EXPECT_FALSE(arena.forget("y"));
  EXPECT_FALSE(arena.find("y"));
}

TEST_P(Arenas, RefuseACommitOfAnotherArena) {
  Arena arena = make();
  Arena other = make();
  EXPECT_EQ(arena.checkout(other.head()).error().code, Errc::bad_argument);
  EXPECT_EQ(arena.diff(arena.head(), other.head(), [](auto) {}).error().code, Errc::bad_argument);
}

TEST_P(Arenas, LoseNothingWhenThePoolIsFull) {
  Pool small = must(Pool::create(8 * 4096));
  {
    Arena arena = must(Arena::create(small, 1_MiB, {.tracking = GetParam()}));
    write(arena, 0, "kept");
    const Commit kept = must(arena.commit());
    for (std::size_t page = 0; page < 20; ++page) write(arena, page * 4096, "much");
    const auto refused = arena.commit();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_memory);
    EXPECT_EQ(text_at(arena, 19 * 4096, 4), "much");
    write(arena, 19 * 4096, "more");
    EXPECT_FALSE(arena.commit()) << "the pages that were refused still count as changed";
    must(arena.checkout(kept));
    EXPECT_EQ(text_at(arena, 0, 4), "kept");
    for (std::size_t page = 1; page < 20; ++page) {
      ASSERT_EQ(arena.data()[page * 4096], std::byte{0}) << page;
    }
    write(arena, 4096, "little");
    EXPECT_EQ(must(arena.commit()).pages(), 1u);
  }
}

TEST_P(Arenas, LetOtherThreadsWriteBetweenCommits) {
  Arena arena = make();
  for (int round = 1; round <= 3; ++round) {
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t page = t; page < 200; page += 4) {
          write(arena, page * 4096, std::to_string(round));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(must(arena.commit()).pages(), 200u) << round;
  }
}

TEST_P(Arenas, AgreeWithAPlainCopyOverManyRandomSteps) {
  constexpr std::size_t kPages = 96;
  Arena arena = make(kPages * 4096);
  std::mt19937 random(7);
  std::vector<std::pair<Commit, std::string>> commits;
  const auto contents = [&] { return text_at(arena, 0, kPages * 4096); };
  commits.emplace_back(arena.head(), contents());
  for (int step = 0; step < 600; ++step) {
    switch (random() % 6) {
      case 0:
        commits.emplace_back(must(arena.commit()), contents());
        if (commits.size() > 12) commits.erase(commits.begin() + 1 + random() % 10);
        break;
      case 1: {
        const auto& [commit, expected] = commits[random() % commits.size()];
        must(arena.checkout(commit));
        ASSERT_EQ(contents(), expected) << "step " << step;
        break;
      }
      default: {
        const std::size_t size = 1 + random() % (random() % 8 == 0 ? 30'000 : 100);
        const std::size_t offset = random() % (kPages * 4096 - size);
        write(arena, offset,
              std::string(size, random() % 4 == 0 ? '\0' : static_cast<char>(random())));
      }
    }
  }
  for (const auto& [commit, expected] : commits) {
    must(arena.checkout(commit));
    ASSERT_EQ(contents(), expected);
  }
}

TEST_P(Arenas, DiscardWhatCameSinceTheLastCommitOfAnyThread) {
  Arena arena = make();
  std::atomic<bool> end{false};
  std::thread discarding([&] {
    while (!end) must(arena.discard());
  });
  for (int round = 0; round < rounds(2000); ++round) {
    const Commit commit = must(arena.commit());
    if (arena.head() == commit) continue;
    ADD_FAILURE() << "round " << round << ": the arena stands at an older commit";
    break;
  }
  end = true;
  discarding.join();
}

// Pins and holds.

TEST_P(Arenas, KeepTheMemoryOfDevicesApartFromWhatRunsOverItsEnd) {
  Arena arena = make();
  const ArenaPin pin = must(arena.pin(arena.data(), arena.size().value, PinAccess::writing));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const std::byte* const first = pin.bytes().data();
  const std::byte* const last = first + pin.bytes().size() - 1;
  // The kernel looks whether it can be read, and raises no signal.
  const auto is_there = [&](const std::byte* at) { return ::write(ends[1], at, 1) == 1; };
  EXPECT_TRUE(is_there(first));
  EXPECT_TRUE(is_there(last));
  EXPECT_FALSE(is_there(first - 1));
  EXPECT_FALSE(is_there(last + 1));
  for (const int end : ends) (void)close(end);
}

TEST_P(Arenas, CommitWhatADeviceWroteThroughAPin) {
  Arena arena = make();
  write(arena, 0, "program");
  (void)must(arena.commit());
  ArenaPin pin = must(arena.pin(arena.data(), 4096, PinAccess::writing));
  std::memcpy(pin.bytes().data(), "device!", 7);
  EXPECT_EQ(text_at(arena, 0, 7), "device!");
  const Commit during = must(arena.commit());
  std::memcpy(pin.bytes().data(), "at last", 7);
  pin.release();
  const Commit after = must(arena.commit());
  EXPECT_EQ(after.pages(), 1u);
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
  must(arena.checkout(during));
  EXPECT_EQ(text_at(arena, 0, 7), "device!");
  must(arena.checkout(after));
  EXPECT_EQ(text_at(arena, 0, 7), "at last");
}

TEST_P(Arenas, DoNotRecordAPinnedPageThatNobodyWrote) {
  Arena arena = make();
  write(arena, 0, "still");
  (void)must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data(), 4096, PinAccess::writing));
  for (int round = 0; round < 10; ++round) EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_P(Arenas, RefuseWholeACheckoutThatWouldChangeAPageUnderADevice) {
  Arena arena = make();
  const Commit empty = arena.head();
  write(arena, 0, "aaaa");
  write(arena, 40 * 4096, "bbbb");
  const Commit full = must(arena.commit());
  ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::writing));
  const auto refused = arena.checkout(empty);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::pinned);
  EXPECT_EQ(raw(refused.error().where), reinterpret_cast<std::uintptr_t>(arena.data() + 40 * 4096));
  EXPECT_EQ(text_at(arena, 0, 4), "aaaa") << "nothing has changed";
  EXPECT_EQ(arena.head(), full);
  pin.release();
  must(arena.checkout(empty));
  EXPECT_EQ(arena.data()[0], std::byte{0});
}

TEST_P(Arenas, CheckOutAroundAPinWhosePageStays) {
  Arena arena = make();
  write(arena, 40 * 4096, "bbbb");
  const Commit before = must(arena.commit());
  write(arena, 0, "aaaa");
  const ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::writing));
  must(arena.checkout(before));
  EXPECT_EQ(arena.data()[0], std::byte{0});
}

TEST_P(Arenas, DoNotWriteToAPageUnderADevice) {
  Arena arena = make();
  write(arena, 40 * 4096, "bbbb");
  const Commit before = must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::writing));
  must(arena.checkout(before));
  EXPECT_EQ(arena.statistics().restored, 0u);
}

// A page that holds what the commit has when the checkout looks may not do so any more when the checkout writes.
TEST_P(Arenas, UndoNothingThatADeviceWritesDuringACheckout) {
  if (kSanitized) GTEST_SKIP() << "the device is a thread here, and races as devices do";
  constexpr std::size_t kPages = 1000;
  Arena arena = make((kPages + 1) * 4096);
  std::string noise(kPages * 4096, 'n');
  write(arena, 0, noise);
  write(arena, kPages * 4096, "0");
  const Commit before = must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data() + kPages * 4096, 4096, PinAccess::writing));
  volatile std::byte& byte = pin.bytes()[0];
  std::atomic<bool> end{false};
  std::atomic<bool> undone{false};
  std::thread device([&] {
    for (std::byte value{'1'}; !end; value ^= std::byte{1}) {
      byte = value;
      for (int i = 0; i < 1000 && !undone; ++i) undone = byte != value;
    }
  });
  for (int round = 0; round < 50 && !undone; ++round) {
    write(arena, 0, noise);
    while (!undone) {
      const auto done = arena.checkout(before);
      if (done) break;
      ASSERT_EQ(done.error().code, Errc::pinned);
    }
  }
  end = true;
  device.join();
  EXPECT_FALSE(undone);
}

TEST_P(Arenas, TakeNoMemoryForPinnedPagesThatNobodyWrote) {
  Arena arena = make(16_MiB);
  const ArenaPin pin = must(arena.pin(arena.data(), arena.size().value, PinAccess::writing));
  write(arena, 4096, "x");
  (void)must(arena.commit());
  must(arena.checkout(arena.head()));
  (void)must(arena.commit());
  std::vector<unsigned char> resident(arena.size().value / 4096);
  ASSERT_EQ(mincore(arena.data(), arena.size().value, resident.data()), 0);
  EXPECT_EQ(std::count_if(resident.begin(), resident.end(), [](auto page) { return page & 1; }), 1);
}

TEST_P(Arenas, ShowAReadingDeviceWhatACheckoutBrought) {
  Arena arena = make();
  write(arena, 0, "one");
  const Commit one = must(arena.commit());
  write(arena, 0, "two");
  const ArenaPin pin = must(arena.pin(arena.data(), 3, PinAccess::reading));
  must(arena.checkout(one));
  EXPECT_EQ(std::memcmp(pin.bytes().data(), "one", 3), 0);
}

TEST_P(Arenas, HaveSystemCallsWriteToPinnedAndTouchedMemory) {
  Arena arena = make();
  (void)must(arena.commit());
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "hellohello", 10), 10);
  arena.touch(arena.data(), 5);
  EXPECT_EQ(read(ends[0], arena.data(), 5), 5);
  {
    const ArenaPin pin = must(arena.pin(arena.data() + 8192, 5, PinAccess::writing));
    EXPECT_EQ(read(ends[0], pin.bytes().data(), 5), 5);
  }
  EXPECT_EQ(must(arena.commit()).pages(), 2u);
  EXPECT_EQ(text_at(arena, 8192, 5), "hello");
  close(ends[0]);
  close(ends[1]);
}

TEST_P(Arenas, HoldWhatTheBytesWere) {
  Arena arena = make();
  write(arena, 0, "committed");
  (void)must(arena.commit());
  write(arena, 4096, "written");
  const Hold hold = must(arena.hold(arena.data(), 8192));
  write(arena, 0, "later....");
  write(arena, 4096, "later..");
  std::string seen(8192, '\0');
  must(hold.read(hold.address(), std::as_writable_bytes(std::span(seen))));
  EXPECT_EQ(seen.substr(0, 9), "committed");
  EXPECT_EQ(seen.substr(4096, 7), "written");
  EXPECT_EQ(must(arena.commit()).pages(), 2u) << "a hold takes nothing from the next commit";
}

TEST_P(Arenas, ReportNoMoreAfterAHoldThanWasWritten) {
  Arena arena = make(8_MiB);
  (void)must(arena.commit());
  write(arena, 600 * 4096, "x");
  (void)must(arena.hold(arena.data(), 4096));
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  must(arena.changes([&](std::span<const std::byte> run) {
    runs.emplace_back((run.data() - arena.data()) / 4096, run.size() / 4096);
  }));
  EXPECT_EQ(runs, (std::vector<std::pair<std::size_t, std::size_t>>{{600, 1}}));
}

TEST_P(Arenas, RefusePinsBeyondTheirEnds) {
  Arena arena = make();
  EXPECT_EQ(arena.pin(arena.data(), 0, PinAccess::reading).error().code, Errc::bad_argument);
  EXPECT_EQ(arena.pin(arena.data() - 1, 1, PinAccess::reading).error().code, Errc::bad_argument);
  EXPECT_EQ(arena.pin(arena.data() + arena.size().value - 1, 2, PinAccess::reading).error().code,
            Errc::bad_argument);
  EXPECT_EQ(arena.hold(arena.data() + arena.size().value, 1).error().code, Errc::bad_argument);
}

TEST_P(Arenas, MayEndBeforeTheirPinsHoldsAndCommits) {
  std::optional<ArenaPin> pin;
  std::optional<Commit> commit;
  {
    Arena arena = make();
    write(arena, 0, "survivor");
    commit = must(arena.commit("name"));
    pin.emplace(must(arena.pin(arena.data(), 8, PinAccess::writing)));
  }
  EXPECT_EQ(std::memcmp(pin->bytes().data(), "survivor", 8), 0);
  EXPECT_FALSE(commit->parent());
}

INSTANTIATE_TEST_SUITE_P(Tracked, Arenas,
                         testing::Values(Tracking::async, Tracking::sigbus, Tracking::mprotect,
                                         Tracking::software),
                         [](const auto& which) { return std::string(name(which.param)); });

}  // namespace
}  // namespace cleave
