// Whole pages that are overwritten, several at once, where memory is short.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/pin.h>

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

class WholePagesTest : public OnLittleMemory {
 protected:
  /// Each page full of `value` plus its number.
  static std::vector<std::byte> pages_full(std::uint64_t pages, unsigned value) {
    std::vector<std::byte> bytes(pages * kPageSize);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = std::byte(value + i / kPageSize);
    }
    return bytes;
  }
  static void expect_pages(const Space& space, std::uint64_t first, std::uint64_t end,
                           unsigned value) {
    std::vector<std::byte> page(kPageSize);
    for (std::uint64_t n = first; n < end; ++n) {
      ASSERT_TRUE(holds(space.read(page_at(n), page))) << "page " << n;
      EXPECT_EQ(page.front(), std::byte(value + n)) << "page " << n;
      EXPECT_EQ(page.back(), std::byte(value + n)) << "page " << n;
    }
  }
  static void overwrite_again_and_again(Space& space, std::uint64_t pages) {
    for (unsigned value = 1; value < 5; ++value) {
      ASSERT_TRUE(holds(space.write(page_at(0), pages_full(pages, value))));
      expect_pages(space, 0, pages, value);
    }
  }
  /// Of a space of its own: they stay in memory.
  Pin pin_pages(Space& other, std::uint64_t pages) {
    other = space_of(pages);
    return must(other.pin(page_at(0), ByteCount{pages * kPageSize}, PinAccess::write));
  }
};

TEST_F(WholePagesTest, AreOverwrittenInLessMemoryThanTheyNeed) {
  Space space = space_of(80);
  overwrite_again_and_again(space, 80);
}

TEST_F(WholePagesTest, AreOverwrittenInAPoolOfFewerPagesThanAreWrittenTogether) {
  for (const std::uint64_t budget : {2, 8, 15}) {
    Beyond behind;
    Pool small =
        must(Pool::create(ByteCount{budget * kPageSize}, std::make_unique<MemoryBacking>(behind)));
    Space space = must(Space::create(small));
    must(space.map_at(page_at(0), ByteCount{64 * kPageSize}));
    overwrite_again_and_again(space, 64);
  }
}

TEST_F(WholePagesTest, AreOverwrittenWhereNearlyAllMemoryIsPinned) {
  Space other = must(Space::create(pool));
  const Pin pin = pin_pages(other, kMemory - 2);
  Space space = space_of(64);
  overwrite_again_and_again(space, 64);
}

TEST_F(WholePagesTest, AreNotBroughtFirst) {
  Space space = space_of(64);
  must(space.write(page_at(0), pages_full(64, 1)));
  const PoolStatistics before = pool.statistics();
  beyond.refuses_get = [] { return true; };
  must(space.write(page_at(0), pages_full(64, 2)));
  beyond.refuses_get = nullptr;
  const PoolStatistics after = pool.statistics();
  EXPECT_EQ(after.came, before.came);
  EXPECT_EQ(after.copies, before.copies);
  EXPECT_EQ(after.zeroed, before.zeroed);
  expect_pages(space, 0, 64, 2);
}

// Such a pool has no frame beside the one that the page has.
TEST_F(WholePagesTest, AreOverwrittenInAPoolThatHoldsAsManyAsItCan) {
  Beyond behind;
  behind.most_pages = 33;
  Pool small =
      must(Pool::create(ByteCount{8 * kPageSize}, std::make_unique<MemoryBacking>(behind)));
  Space space = must(Space::create(small));
  must(space.map_at(page_at(0), ByteCount{41 * kPageSize}));
  must(space.write(page_at(0), pages_full(40, 0)));
  ASSERT_TRUE(fails_at(space.write(page_at(40), pages_full(1, 0)), Errc::no_memory, page_at(40)));
  overwrite_again_and_again(space, 40);
}

// As with an accessor, where they are written one by one.
TEST_F(WholePagesTest, AreWrittenUpToTheOneThatTheErrorNames) {
  for (const bool one_by_one : {true, false}) {
    Space other = must(Space::create(pool));
    const Pin pin = pin_pages(other, kMemory - 6);
    Space space = space_of(12);
    std::vector<Accessor> accessors;
    if (one_by_one) accessors.push_back(must(space.accessor()));
    must(space.write(page_at(0), pages_full(6, 1)));
    beyond.refuses_put = [] { return true; };
    EXPECT_TRUE(fails_at(space.write(page_at(0), pages_full(12, 2)), Errc::io, page_at(6)));
    beyond.refuses_put = nullptr;
    expect_pages(space, 0, 6, 2);
    must(space.write(page_at(0), pages_full(12, 3)));
    expect_pages(space, 0, 12, 3);
  }
}

}  // namespace
}  // namespace cleave::detail
