// Checkouts of commits whose pages are away.
#include <cstring>
#include <optional>

#include <cleave/arena.h>
#include <cleave/commit.h>

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

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

TEST_F(CheckoutAwayTest, LeavesAllAsItWasWhereAPageCannotBeReadAndAllWouldFit) {
  for (std::uint64_t k = 1; k <= kPages; k *= 2) {
    open(256);
    std::uint64_t n = 0;
    beyond.refuses_get = [&] { return ++n >= k; };
    const auto done = arena->checkout(*commits[0]);
    beyond.refuses_get = nullptr;
    if (done) break;
    ASSERT_TRUE(fails_with(done, Errc::io));
    EXPECT_EQ(arena->head(), *commits[1]);
    expect_value(2);
    ASSERT_TRUE(holds(arena->checkout(*commits[0])));
    expect_value(1);
  }
}

TEST_F(CheckoutAwayTest, CanBeTriedAgainWhereAPageCouldNotBeReadAndItStreams) {
  for (std::uint64_t k = 1; k <= kPages; k *= 2) {
    open(64);
    std::uint64_t n = 0;
    beyond.refuses_get = [&] { return ++n >= k; };
    const auto done = arena->checkout(*commits[0]);
    beyond.refuses_get = nullptr;
    if (done) break;
    ASSERT_TRUE(fails_with(done, Errc::io));
    EXPECT_EQ(arena->head(), *commits[1]);
    ASSERT_TRUE(holds(arena->checkout(*commits[k % 3 == 0 ? 0 : 1])));
    expect_value(k % 3 == 0 ? 1 : 2);
    ASSERT_TRUE(holds(arena->checkout(*commits[0])));
    expect_value(1);
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
