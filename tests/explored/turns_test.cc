// Two threads, one step at a time, in an order that a seed chooses: fork against a thread that
// writes.
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/explored/recorder.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

constexpr Address kA = address_of(PageNo{4});
constexpr Address kB = address_of(PageNo{7});
using Count = std::uint64_t;

template <class Source>
Count get(const Source& source, Address at) {
  Count value = 0;
  must(source.read(at, std::as_writable_bytes(std::span(&value, 1))));
  return value;
}

struct Stage {
  Pool pool = must(Pool::create(24 * kPageSize));
  std::optional<Space> space{must(Space::create(pool))};
  Stage() { must(space->map_at(kA, 8 * kPageSize)); }
};

TEST(Turns, AForkIsOneMomentOfAWriterInEveryOrder) {
  for (int seed = 0; seed < rounds(3000); ++seed) {
    Stage stage;
    TakingTurns turns(static_cast<std::uint64_t>(seed));
    std::vector<std::pair<Count, Count>> moments;
    turns.run({
        [&] {
          Accessor accessor = must(stage.space->accessor());
          for (Count n = 1; n <= 4; ++n) {
            must(accessor.store<Count>(kA, n));
            must(accessor.store<Count>(kB, n));
            ASSERT_EQ(must(accessor.load<Count>(kA)), n);
            ASSERT_EQ(must(accessor.load<Count>(kB)), n);
          }
        },
        [&] {
          for (int n = 0; n < 3; ++n) {
            const Space child = must(stage.space->fork());
            const Count a = get(child, kA);
            const Count b = get(child, kB);
            moments.emplace_back(a, b);
            ASSERT_EQ(get(child, kA), a) << "the fork still changes";
          }
        },
    });
    Count before = 0;
    for (const auto& [a, b] : moments) {
      ASSERT_TRUE(a == b || a == b + 1) << "seed " << seed << ": " << a << ", " << b;
      ASSERT_GE(a, before) << "seed " << seed;
      before = a;
    }
    ASSERT_EQ(get(*stage.space, kA), 4u) << "seed " << seed;
    ASSERT_EQ(get(*stage.space, kB), 4u) << "seed " << seed;
    ASSERT_GT(turns.steps(), 50u);
  }
}

// The sibling that goes while the parent copies, and two threads that add: none may be lost.
TEST(Turns, NoAdditionIsLostToASiblingThatGoes) {
  for (int seed = 0; seed < rounds(3000); ++seed) {
    Stage stage;
    TakingTurns turns(static_cast<std::uint64_t>(seed));
    const auto add = [&] {
      Accessor accessor = must(stage.space->accessor());
      for (int n = 0; n < 3; ++n) must(accessor.fetch_add<Count>(kA, 1));
    };
    turns.run({add, add, [&] {
                 for (int n = 0; n < 3; ++n) (void)must(stage.space->fork());
               }});
    ASSERT_EQ(get(*stage.space, kA), 6u) << "seed " << seed;
  }
}

TEST(Turns, AReaderNeverSeesWhatTheSiblingWrites) {
  for (int seed = 0; seed < rounds(2000); ++seed) {
    Stage stage;
    {
      const Count one = 1;
      must(stage.space->write(kA, std::as_bytes(std::span(&one, 1))));
    }
    TakingTurns turns(static_cast<std::uint64_t>(seed));
    turns.run({
        [&] {
          Accessor accessor = must(stage.space->accessor());
          for (int n = 0; n < 4; ++n)
            ASSERT_LT(must(accessor.load<Count>(kA)), 100u) << "seed " << seed;
        },
        [&] {
          for (Count n = 2; n < 4; ++n) {
            Space child = must(stage.space->fork());
            must(stage.space->write(kA, std::as_bytes(std::span(&n, 1))));
            const Count foreign = 100 + n;
            must(child.write(kA, std::as_bytes(std::span(&foreign, 1))));
          }
        },
    });
  }
}

// The frame that is unmapped goes to another space at once, where a late store would show.
TEST(Turns, AfterUnmapReturnsNoThreadTouchesTheFrame) {
  for (int seed = 0; seed < rounds(2000); ++seed) {
    Stage stage;
    TakingTurns turns(static_cast<std::uint64_t>(seed));
    turns.run({
        [&] {
          Accessor accessor = must(stage.space->accessor());
          for (Count n = 1; n <= 6; ++n) {
            (void)accessor.store<Count>(kA, n);
            const auto seen = accessor.load<Count>(kA);
            ASSERT_TRUE(!seen || *seen == n) << "seed " << seed;
          }
        },
        [&] {
          Space other = must(Space::create(stage.pool));
          must(other.map_at(kA, kPageSize));
          must(stage.space->unmap(kA, kPageSize));
          const Count foreign = 1000;
          must(other.write(kA, std::as_bytes(std::span(&foreign, 1))));
          for (int look = 0; look < 4; ++look)
            ASSERT_EQ(get(other, kA), foreign) << "seed " << seed;
        },
    });
  }
}

TEST(Turns, AfterProtectReturnsNoStoreLands) {
  for (int seed = 0; seed < rounds(2000); ++seed) {
    Stage stage;
    TakingTurns turns(static_cast<std::uint64_t>(seed));
    turns.run({
        [&] {
          Accessor accessor = must(stage.space->accessor());
          for (Count n = 1; n <= 6; ++n) (void)accessor.store<Count>(kA, n);
        },
        [&] {
          must(stage.space->protect(kA, kPageSize, Protection::read));
          const Count seen = get(*stage.space, kA);
          for (int look = 0; look < 4; ++look)
            ASSERT_EQ(get(*stage.space, kA), seen) << "seed " << seed;
        },
    });
  }
}

}  // namespace
}  // namespace cleave::detail
