// What a reader that restores lazily needs is kept for it, however long it takes, and no longer.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/leases.h"
#include "tests/image/lazy_contents.h"

namespace cleave::detail::image {
namespace {

class LeaseOfAReader : public LazyImageTest {
 protected:
  void collect_all() {
    for (int round = 0; round < 4; ++round) must(at_.repository.collect());
  }
  /// A reader with a lease, again and again, that writes a byte to `to` for each page that it had.
  /// Ends where it gets none for long.
  [[noreturn]] void come_and_go(int to) {
    constexpr int kMostInVain = 200;
    for (int in_vain = 0; in_vain < kMostInVain; ++in_vain) {
      auto reading = LazyImages::open(at_.store(), {.memory = ByteCount{1 << 20}});
      if (!reading) continue;
      const auto commit = reading->resolve("other");
      auto lazy = reading->checkout(commit ? *commit : id_);
      if (!lazy || !page_of(lazy->space(), 7)) continue;
      if (::write(to, "x", 1) != 1) break;
      in_vain = 0;
    }
    _exit(1);
  }
  [[nodiscard]] std::uint64_t packs() { return must(at_.repository.collect()).packs; }
};

TEST_F(LeaseOfAReader, KeepsWhatNoRefNames) {
  LazyImages images = open();
  {
    LazyCheckout lazy = must(images.checkout(id_));
    must(page_of(lazy.space(), 0));
    must(at_.repository.forget("main"));
    collect_all();
    expect_contents(lazy.space(), contents_);
  }
  EXPECT_EQ(refs(), std::vector<std::string>{});
  collect_all();
  EXPECT_EQ(packs(), 0u);
}

// Half of a pack is garbage, so that the collector moves the rest.
TEST_F(LeaseOfAReader, FindsWhatTheCollectorMoved) {
  Contents few = pages(0, 30, 1);
  push("few", few);
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(must(images.resolve("few"))));
  must(at_.repository.forget("main"));
  collect_all();
  expect_contents(lazy.space(), few);
}

TEST_F(LeaseOfAReader, IsTakenOutWhenItsProcessHasDied) {
  const pid_t child = fork();
  if (child == 0) {
    auto images = LazyImages::open(at_.store(), {.memory = ByteCount{1 << 20}});
    const auto lazy = images ? images->checkout(id_) : tl::unexpected(images.error());
    _exit(lazy ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(refs().size(), 2u);
  must(at_.repository.forget("main"));
  collect_all();
  EXPECT_EQ(refs(), std::vector<std::string>{});
  EXPECT_EQ(packs(), 0u);
}

// Readers that come and go are killed at any moment, beside pushes and a collector.
TEST_F(LeaseOfAReader, IsKeptWhileOthersAreKilled) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  for (unsigned round = 0; round < 4; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t readers[2];
    for (pid_t& reader : readers) {
      reader = fork();
      ASSERT_GE(reader, 0);
      if (reader == 0) come_and_go(ends[1]);
    }
    ASSERT_EQ(close(ends[1]), 0);
    char each = 0;
    for (unsigned i = 0; i < 4 + round; ++i) EXPECT_EQ(read(ends[0], &each, 1), 1) << round;
    push("other", pages(0, 40, 5000 * (round + 1)));
    if (round == 1) must(at_.repository.forget("main"));
    (void)at_.repository.collect(true);
    for (const pid_t reader : readers) ASSERT_EQ(kill(reader, SIGKILL), 0);
    for (const pid_t reader : readers) {
      int status = 0;
      ASSERT_EQ(waitpid(reader, &status, 0), reader);
      EXPECT_TRUE(WIFSIGNALED(status)) << "it had no page any more";
    }
    ASSERT_EQ(close(ends[0]), 0);
  }
  collect_all();
  EXPECT_EQ(refs().size(), 2u) << "the other ref, and this lease";
  expect_contents(lazy.space(), contents_);
  expect_verifies(at_.repository);
}

TEST_F(LeaseOfAReader, OfAnotherMachineStays) {
  LazyImages images = open();
  const LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_FALSE(is_lease_of_the_dead("readers/elsewhere.0.1.00"));
  EXPECT_FALSE(is_lease_of_the_dead("readers/"));
  EXPECT_FALSE(is_lease_of_the_dead("main"));
  for (const std::string& name : refs()) EXPECT_FALSE(is_lease_of_the_dead(name)) << name;
}

TEST_F(LeaseOfAReader, IsNotTakenWhereItIsNotWanted) {
  LazyImages images = open({.lease = false});
  LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_EQ(refs(), std::vector<std::string>{"main"});
  expect_contents(lazy.space(), contents_);
}

TEST_F(LeaseOfAReader, HasANameThatNoPushMayUse) {
  Pool pool = must(Pool::create(ByteCount{1 << 20}));
  const Snapshot nothing = must(must(Space::create(pool)).snapshot());
  for (const char* name : {"readers/x", "touched/x"}) {
    EXPECT_EQ(at_.repository.push(nothing, name).error().code, Errc::bad_argument);
  }
  InFolder there;
  EXPECT_EQ(there.repository.fetch(at_.repository, "readers/x").error().code, Errc::bad_argument);
}

}  // namespace
}  // namespace cleave::detail::image
