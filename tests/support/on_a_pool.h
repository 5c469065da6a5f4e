// A test with a pool of its own, which must be left as empty as it was found.
#pragma once

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/pool.h>

namespace cleave::detail {

inline void expect_adds_up(const Pool& pool) {
  const PoolStatistics s = pool.statistics();
  EXPECT_EQ(s.used + s.free + s.ready + s.returned + s.untouched, s.budget);
  for (const auto part : {s.used, s.free, s.ready, s.returned, s.untouched}) {
    EXPECT_LE(part, s.budget);
  }
}

inline void expect_nothing_left(const Pool& pool) {
  expect_adds_up(pool);
  const PoolStatistics s = pool.statistics();
  EXPECT_EQ(s.used, 0u) << "frames are left";
  EXPECT_EQ(s.nodes, 0u) << "table nodes are left";
  EXPECT_EQ(s.regions, 0u) << "region nodes are left";
  EXPECT_EQ(s.spaces, 0u) << "spaces are left";
  EXPECT_EQ(s.accessors, 0u) << "accessors are left";
}

class OnAPool : public testing::Test {
 protected:
  explicit OnAPool(ByteCount budget = ByteCount{std::uint64_t{64} << 20})
      : pool(must(Pool::create(budget))) {}
  void TearDown() override { expect_nothing_left(pool); }

  [[nodiscard]] std::uint64_t used() const { return pool.statistics().used; }
  [[nodiscard]] std::uint64_t copies() const { return pool.statistics().copies; }

  Pool pool;
};

}  // namespace cleave::detail
