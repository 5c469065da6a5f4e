// What holds for every way of tracking: one and the same suite runs under each.
#include <atomic>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Arenas : public EveryTracking {};

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
    must(arena.revert());
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
  arena.mark_dirty(nodes, 3 * sizeof(Node));
  nodes[0] = {1, &nodes[1]};
  nodes[1] = {2, nullptr};
  const Commit two = must(arena.commit());
  arena.mark_dirty(nodes, 3 * sizeof(Node));
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
  EXPECT_EQ(arena.commit("x").error().code, Errc::already_exists);
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
    while (!end) must(arena.revert());
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

INSTANTIATE_TEST_SUITE_P(Tracked, Arenas, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
