// The steps of docs/explanation/walk.md, and the counts that it names.

#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "table/geometry.h"

namespace cleave::detail {
namespace {

using namespace literals;

Address page(std::uint64_t n) { return Address{n * kPageSize}; }

TEST(Walk, TakesTheStepsThatTheDocumentTells) {
  if (kNodeBits != 4) GTEST_SKIP() << "the document tells of 16-entry nodes";
  Pool pool = must(Pool::create(64_MiB));
  Space s = must(Space::create(pool));
  must(s.map_at(Address{0}, 1_GiB));
  Accessor t = must(s.accessor());
  for (const std::uint64_t n : {5000U, 5001U, 9000U}) must(t.store<std::uint64_t>(page(n), n));

  const PoolStatistics before = pool.statistics();
  EXPECT_EQ(before.nodes, 7u) << "a root, and three nodes below it for each of two ways";
  {
    const Space child = must(s.fork());
    EXPECT_EQ(pool.statistics().nodes, before.nodes) << "the fork looks at no node";

    must(t.store<std::uint64_t>(page(5000), 1));
    const PoolStatistics fault = pool.statistics();
    EXPECT_EQ(fault.nodes - before.nodes, 4u) << "one copy a level";
    EXPECT_EQ(fault.copies - before.copies, 1u);

    must(t.store<std::uint64_t>(page(5001), 1));
    const PoolStatistics neighbour = pool.statistics();
    EXPECT_EQ(neighbour.nodes, fault.nodes) << "four nodes with count one";
    EXPECT_EQ(neighbour.copies - fault.copies, 1u) << "and a frame with count two";
  }
  const PoolStatistics after = pool.statistics();
  EXPECT_EQ(after.nodes, before.nodes);
  EXPECT_EQ(after.used, before.used);

  must(t.store<std::uint64_t>(page(9000), 1));
  EXPECT_EQ(pool.statistics().copies, after.copies) << "ones all the way: written in place";
}

}  // namespace
}  // namespace cleave::detail
