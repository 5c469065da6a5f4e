#include "sync/thread_number.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail::sync {
namespace {

TEST(ThreadNumber, StaysTheSame) {
  const unsigned number = thread_number();
  EXPECT_LT(number, kThreadNumbers);
  EXPECT_EQ(thread_number(), number);
}

TEST(ThreadNumber, IsAtHandFromTheFirstQuestionOn) {
  std::thread([] {
    EXPECT_GT(thread_number_at_hand(), kThreadNumbers);
    const unsigned number = thread_number();
    EXPECT_EQ(thread_number_at_hand(), number);
  }).join();
}

// Whichever threads get the same place there: what is at hand is the thread's own number.
TEST(ThreadNumber, IsAtHandForNoOtherThread) {
  for (int round = 0; round < 20; ++round) {
    together(kThreadNumbers + 10, [&](unsigned) {
      EXPECT_GT(thread_number_at_hand(), kThreadNumbers);
      const unsigned number = thread_number();
      const std::uint64_t at_hand = thread_number_at_hand();
      EXPECT_TRUE(at_hand == number || at_hand > kThreadNumbers);
    });
  }
}

TEST(ThreadNumber, IsSharedByNoTwoLivingThreads) {
  std::vector<unsigned> numbers(20);
  std::atomic<unsigned> asked{0};
  together(20, [&](unsigned i) {
    numbers[i] = thread_number();
    asked.fetch_add(1);
    while (asked.load() != 20) std::this_thread::yield();
  });
  std::ranges::sort(numbers);
  EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
}

TEST(ThreadNumber, IsUsedAgainAfterAThreadsEnd) {
  unsigned first = 0;
  std::thread([&] { first = thread_number(); }).join();
  for (int i = 0; i < 200; ++i) {
    std::thread([&] { EXPECT_EQ(thread_number(), first); }).join();
  }
}

TEST(ThreadNumber, IsThatOfAllOthersOnceNoneIsLeft) {
  constexpr unsigned kThreads = 80;
  std::atomic<unsigned> asked{0};
  std::atomic<unsigned> without{0};
  (void)thread_number();
  together(kThreads, [&](unsigned) {
    if (thread_number() == kThreadNumbers) without.fetch_add(1);
    asked.fetch_add(1);
    while (asked.load() != kThreads) std::this_thread::yield();
  });
  EXPECT_EQ(without.load(), kThreads - (kThreadNumbers - 1));
  std::thread([] { EXPECT_LT(thread_number(), kThreadNumbers); }).join();
}

struct AsksAtItsEnd {
  ~AsksAtItsEnd() { *number = thread_number(); }
  unsigned* number = nullptr;
};

TEST(ThreadNumber, IsThereForDestructorsAtAThreadsEnd) {
  unsigned during = 0;
  unsigned at_the_end = 1000;
  std::thread([&] {
    static thread_local AsksAtItsEnd late;
    late.number = &at_the_end;
    during = thread_number();
  }).join();
  EXPECT_EQ(at_the_end, during);
  std::thread([&] { EXPECT_EQ(thread_number(), during); }).join();
}

TEST(ThreadNumber, IsKeptByTheThreadThatForks) {
  const unsigned mine = thread_number();
  std::atomic<bool> done{false};
  std::atomic<bool> asked{false};
  std::thread other([&] {
    (void)thread_number();
    asked = true;
    while (!done) std::this_thread::yield();
  });
  while (!asked) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    // The other thread is gone, and its number free. (ThreadSanitizer lets no thread start here.)
    unsigned next = mine == 0 ? 1 : 0;
    if (!kSanitized) std::thread([&] { next = thread_number(); }).join();
    const std::uint64_t at_hand = thread_number_at_hand();
    const bool own = at_hand == mine || at_hand > kThreadNumbers;
    _exit(own && thread_number() == mine && next == (mine == 0 ? 1 : 0) ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  done = true;
  other.join();
}

}  // namespace
}  // namespace cleave::detail::sync
