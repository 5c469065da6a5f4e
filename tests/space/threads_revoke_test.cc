// Protect, unmap, discard and roll back under the hands of writers: when the call returns, it
// holds.
#include <atomic>
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using Count = std::uint64_t;

class ThreadsRevoke : public OnASpace {
 protected:
  // Stores to page 16 without end, and takes every answer that a revocation may give.
  struct Writer {
    explicit Writer(Space& space)
        : work([&space] { return std::pair(must(space.accessor()), Count{0}); },
               [](std::pair<Accessor, Count>& own) {
                 const auto done = own.first.store<Count>(at_page(16), ++own.second);
                 ASSERT_TRUE(done || fails_with(done, Errc::not_permitted) ||
                             fails_with(done, Errc::not_mapped));
               }) {}
    Meanwhile work;
  };
};

TEST_F(ThreadsRevoke, AfterProtectReturnsNoStoreLands) {
  Space space = new_space(1);
  const Writer writer(space);
  for (int n = 0; n < rounds(2000); ++n) {
    ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::read)));
    const auto seen = get<Count>(space, at_page(16));
    for (int look = 0; look < 20; ++look)
      ASSERT_EQ(get<Count>(space, at_page(16)), seen) << "round " << n;
    ASSERT_TRUE(holds(space.protect(at_page(16), kPageSize, Protection::read_write)));
    if (n % 100 == 0) writer.work.wait_for_rounds(5000);
  }
}

TEST_F(ThreadsRevoke, AfterUnmapReturnsNothingIsReadOrWritten) {
  Space space = new_space(1);
  const Writer writer(space);
  const Meanwhile reader([&] { return must(space.accessor()); },
                         [](Accessor& accessor) {
                           const auto seen = accessor.load<Count>(at_page(16));
                           ASSERT_TRUE(seen || fails_with(seen, Errc::not_mapped));
                         });
  for (int n = 0; n < rounds(2000); ++n) {
    ASSERT_TRUE(holds(space.unmap(at_page(16), kPageSize)));
    ASSERT_EQ(used(), 0u) << "round " << n;
    // The frame goes to another space now, where a late store would show.
    Space other = new_space(1);
    put<Count>(other, at_page(16), ~Count{0});
    ASSERT_TRUE(holds(space.map_at(at_page(16), kPageSize)));
    ASSERT_EQ(get<Count>(other, at_page(16)), ~Count{0}) << "round " << n;
    if (n % 100 == 0) writer.work.wait_for_rounds(5000);
    ASSERT_EQ(get<Count>(other, at_page(16)), ~Count{0}) << "round " << n;
  }
}

// The writer stores 1, 2, 3 ... to two pages, and says which number has arrived in both.
struct Counting {
  explicit Counting(Space& space)
      : work([&space] { return std::pair(must(space.accessor()), Count{0}); },
             [this](std::pair<Accessor, Count>& own) {
               must(own.first.store<Count>(at_page(16), ++own.second));
               must(own.first.store<Count>(at_page(17), own.second));
               arrived = own.second;
             }) {}
  std::atomic<Count> arrived{0};
  Meanwhile work;
};

TEST_F(ThreadsRevoke, RollingBackTakesBackWhatHadArrived) {
  Space space = new_space(2);
  const Snapshot before = must(space.snapshot());
  const Counting writer(space);
  for (int n = 0; n < rounds(3000); ++n) {
    const Count arrived = writer.arrived;
    ASSERT_TRUE(holds(space.rollback(before)));
    const Snapshot now = must(space.snapshot());
    for (const std::uint64_t p : {16u, 17u}) {
      const auto seen = must(now.load<Count>(at_page(p)));
      ASSERT_TRUE(seen == 0 || seen > arrived)
          << "round " << n << ": " << seen << " of " << arrived;
      ASSERT_EQ(must(before.load<Count>(at_page(p))), 0u) << "the snapshot was written to";
    }
    if (n % 50 == 0) writer.work.wait_for_rounds(3000);
  }
}

TEST_F(ThreadsRevoke, DiscardingTakesBackWhatHadArrived) {
  Space space = new_space(2);
  const Counting writer(space);
  for (int n = 0; n < rounds(3000); ++n) {
    const Count arrived = writer.arrived;
    ASSERT_TRUE(holds(space.discard(at_page(16), pages_of(2))));
    for (const std::uint64_t p : {16u, 17u}) {
      const auto seen = get<Count>(space, at_page(p));
      ASSERT_TRUE(seen == 0 || seen > arrived)
          << "round " << n << ": " << seen << " of " << arrived;
    }
    if (n % 50 == 0) writer.work.wait_for_rounds(3000);
  }
}

TEST_F(ThreadsRevoke, ManyThreadsChangeRegionsOfOneSpace) {
  Space space = new_space();
  together(4, [&](unsigned i) {
    Accessor accessor = must(space.accessor());
    const std::uint64_t own = 1000 * (i + 1);
    for (int n = 0; n < rounds(1500); ++n) {
      ASSERT_TRUE(holds(space.map_at(at_page(own), pages_of(4))));
      ASSERT_TRUE(holds(accessor.store<int>(at_page(own + 1), n)));
      ASSERT_TRUE(holds(space.protect(at_page(own), pages_of(2), Protection::read)));
      ASSERT_EQ(must(accessor.load<int>(at_page(own + 1))), n);
      ASSERT_TRUE(fails_with(accessor.store<int>(at_page(own + 1), 0), Errc::not_permitted));
      ASSERT_EQ(must(accessor.load<int>(at_page(own + 2))), 0);
      ASSERT_TRUE(holds(space.unmap(at_page(own), pages_of(4))));
      ASSERT_TRUE(fails_with(accessor.load<int>(at_page(own + 1)), Errc::not_mapped));
    }
  });
  EXPECT_EQ(used(), 0u);
}

}  // namespace
}  // namespace cleave::detail
