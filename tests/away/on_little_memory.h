// A pool with little memory and a backing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/space.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "space/snapshot_state.h"
#include "space/space_state.h"
#include "tests/support/failure.h"
#include "tests/support/memory_backing.h"
#include "tests/support/on_a_pool.h"

namespace cleave::detail {

inline Address page_at(std::uint64_t n) { return address_of(PageNo{16 + n}); }

class OnLittleMemory : public testing::Test {
 protected:
  static constexpr std::uint64_t kMemory = 16;  // pages

  void TearDown() override {
    const PoolStatistics s = pool.statistics();
    EXPECT_EQ(s.away, 0u) << "frames are left in the backing";
    expect_nothing_left(pool);
    EXPECT_EQ(beyond.held(), 0u) << "pages are left in the backing";
  }

  Space space_of(std::uint64_t pages) {
    Space made = must(Space::create(pool));
    must(made.map_at(page_at(0), ByteCount{pages * kPageSize}));
    return made;
  }
  /// Writes `value + n` to the beginning of page n, for all n.
  static void fill(Space& space, std::uint64_t pages, std::uint64_t value) {
    for (std::uint64_t n = 0; n < pages; ++n) put(space, n, value + n);
  }
  static void put(Space& space, std::uint64_t n, std::uint64_t value) {
    must(space.write(page_at(n), std::as_bytes(std::span(&value, 1))));
  }
  template <class Source>
  static void expect_filled(const Source& source, std::uint64_t pages, std::uint64_t value) {
    for (std::uint64_t n = 0; n < pages; ++n) {
      std::uint64_t seen = 0;
      const auto done = source.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1)));
      ASSERT_TRUE(holds(done)) << "page " << n;
      ASSERT_EQ(seen, value + n) << "page " << n;
    }
  }
  [[nodiscard]] std::uint64_t away() const { return pool.statistics().away; }
  /// All that can go.
  void evict() { (void)pool.evict(ByteCount{kMemory * kPageSize}); }
  [[nodiscard]] FrameId frame_of_page(Space& space, std::uint64_t n) {
    SpaceState& s = HandleAccess::state(space);
    const sync::Guard guard(s.lock);
    return s.table.find(page_of(page_at(n)));
  }
  bool is_here(Space& space, std::uint64_t n) {
    return HandleAccess::state(pool).state(frame_of_page(space, n)).is_here();
  }

  Beyond beyond;
  Pool pool =
      must(Pool::create(ByteCount{kMemory * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
};

}  // namespace cleave::detail
