// Checkouts of commits whose pages are away.
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <cleave/arena.h>
#include <cleave/commit.h>

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

using namespace literals;

class CheckoutAwayTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kPages = 128;

  /// An arena in a pool of so much memory, with two commits, of which all that can go has gone.
  void open(std::uint64_t memory) {
    pool.emplace(
        must(Pool::create(ByteCount{memory * kPageSize}, std::make_unique<MemoryBacking>(beyond))));
    arena.emplace(must(Arena::create(*pool, kPages * kPageSize, {.tracking = Tracking::software})));
    for (const unsigned char value : {std::uint8_t{1}, std::uint8_t{2}}) {
      write(value);
      commits[value - 1].emplace(must(arena->commit()));
    }
    (void)pool->evict(ByteCount{memory * kPageSize});
    beyond.gets = beyond.reads = 0;
  }
  /// Every other page, so that they do not lie together; and `value` is of each.
  void write(unsigned char value) {
    arena->mark_dirty(arena->data(), kPages * kPageSize);
    for (std::uint64_t n = 0; n < kPages; n += 2) std::memset(page(n), value, kPageSize);
  }
  [[nodiscard]] std::byte* page(std::uint64_t n) {
    return static_cast<std::byte*>(arena->data()) + n * kPageSize;
  }
  /// The pages that may differ from what the arena stands at.
  [[nodiscard]] std::vector<std::uint64_t> changed() {
    std::vector<std::uint64_t> pages;
    must(arena->changes([&](std::span<const std::byte> run) {
      for (std::size_t at = 0; at < run.size(); at += kPageSize) {
        pages.push_back(static_cast<std::uint64_t>(run.data() + at - page(0)) / kPageSize);
      }
    }));
    return pages;
  }
  void expect_value(unsigned char value) {
    for (std::uint64_t n = 0; n < kPages; ++n) {
      const std::byte expected{n % 2 == 0 ? value : static_cast<unsigned char>(0)};
      ASSERT_EQ(page(n)[0], expected) << n;
      ASSERT_EQ(std::memcmp(page(n), page(n) + 1, kPageSize - 1), 0) << n;
    }
  }

  Beyond beyond;
  std::optional<Pool> pool;
  std::optional<Arena> arena;
  std::optional<Commit> commits[2];
};

TEST_F(CheckoutAwayTest, BringsManyPagesAtATimeWhereAllFit) {
  open(256);
  ASSERT_TRUE(holds(arena->checkout(*commits[0])));
  expect_value(1);
  EXPECT_EQ(beyond.gets, kPages / 2);
  EXPECT_LE(beyond.reads, 2u);
}

TEST_F(CheckoutAwayTest, BringsManyPagesAtATimeWhereItStreams) {
  open(64);
  ASSERT_TRUE(holds(arena->checkout(*commits[0])));
  expect_value(1);
  EXPECT_GE(beyond.gets, kPages / 2);
  EXPECT_LE(beyond.reads, kPages / 2 / 8);
}

TEST_F(CheckoutAwayTest, LeavesAllAsItWasWhereAPageCannotBeRead) {
  for (const std::uint64_t memory : {64u, 256u}) {
    for (std::uint64_t k = 1; k <= kPages; k += 1 + k / 4) {
      open(memory);
      arena->mark_dirty(page(3), 1);
      *page(3) = std::byte{7};  // is committed nowhere
      std::uint64_t n = 0;
      beyond.refuses_get = [&] { return ++n >= k; };
      const auto done = arena->checkout(*commits[0]);
      beyond.refuses_get = nullptr;
      if (done) break;
      ASSERT_TRUE(fails_with(done, Errc::io));
      EXPECT_EQ(arena->head(), *commits[1]);
      ASSERT_EQ(*page(3), std::byte{7});
      EXPECT_EQ(changed(), (std::vector<std::uint64_t>{3}));
      *page(3) = std::byte{0};
      expect_value(2);
      ASSERT_TRUE(holds(arena->checkout(*commits[0])));
      expect_value(1);
      ASSERT_TRUE(holds(arena->checkout(*commits[1])));
      expect_value(2);
    }
  }
}

TEST_F(CheckoutAwayTest, LeavesAllThatShareAHistoryAsTheyWereWhereAPageCannotBeRead) {
  for (std::uint64_t k = 1;; k += 1 + k / 4) {
    open(64);
    Arena other = must(Arena::create(*pool, kPages * kPageSize,
                                     {.tracking = Tracking::software, .joins = &*arena}));
    const auto write_other = [&](unsigned char value) {
      other.mark_dirty(other.data(), other.size());
      for (std::uint64_t i = 0; i < kPages; i += 2) {
        std::memset(other.data() + i * kPageSize, value, kPageSize);
      }
    };
    write_other(3);
    const Commit third = must(other.commit());
    write(4);
    write_other(4);
    const Commit fourth = must(arena->commit());
    (void)pool->evict(64 * kPageSize);
    std::uint64_t n = 0;
    beyond.refuses_get = [&] { return ++n >= k; };
    const auto done = arena->checkout(third);
    beyond.refuses_get = nullptr;
    if (done) break;
    ASSERT_LE(k, 4 * kPages) << "it never succeeds";
    ASSERT_TRUE(fails_with(done, Errc::io));
    EXPECT_EQ(other.head(), fourth);
    expect_value(4);
    for (std::uint64_t i = 0; i < kPages; i += 2) {
      ASSERT_EQ(other.data()[i * kPageSize], std::byte{4}) << i;
    }
    ASSERT_TRUE(holds(other.checkout(third)));
    expect_value(2);
    ASSERT_EQ(other.data()[0], std::byte{3});
  }
}

// The backing is called in the middle of the checkout, which has the memory of all to itself.
TEST_F(CheckoutAwayTest, OfArenasThatCatchWritersCatchesOneInAnyOfThem) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto write_meanwhile = [&](bool to_the_first) {
    open(64);
    const ArenaOptions catching{
        .tracking = Tracking::software, .catch_writers = true, .joins = &*arena};
    Arena one = must(Arena::create(*pool, 64_KiB, catching));
    Arena two = must(Arena::create(*pool, 64_KiB, catching));
    const Commit before = one.head();
    write(3);
    must(one.commit());
    (void)pool->evict(64 * kPageSize);
    beyond.refuses_get = [&] {
      *static_cast<volatile std::byte*>((to_the_first ? one : two).data()) = std::byte{1};
      return false;
    };
    (void)one.checkout(before);
  };
  for (const bool to_the_first : {true, false}) {
    EXPECT_DEATH(write_meanwhile(to_the_first), "touched the arena at 0x.* during a checkout");
  }
}

// A read of many that fails as a whole is made anew, one by one: an error of the moment costs time.
TEST_F(CheckoutAwayTest, GoesOnWhereAPageCanBeReadTheSecondTime) {
  for (const std::uint64_t memory : {64u, 256u}) {
    open(memory);
    std::uint64_t n = 0;
    beyond.refuses_get = [&] { return ++n == 5; };
    ASSERT_TRUE(holds(arena->checkout(*commits[0])));
    beyond.refuses_get = nullptr;
    expect_value(1);
  }
}

}  // namespace
}  // namespace cleave::detail
