// Many threads write while others fork: what a fork shows, and what the space keeps.
#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using Count = std::uint64_t;

class ThreadsFork : public OnASpace {};

TEST_F(ThreadsFork, NoAdditionIsLostWhileOthersFork) {
  constexpr unsigned kAdders = 3;
  constexpr std::uint64_t kPages = 5;
  Space space = new_space(kPages);
  std::atomic<unsigned> adding{kAdders};
  const auto each = static_cast<Count>(rounds(30'000));
  together(kAdders + 1, [&](unsigned i) {
    if (i < kAdders) {
      Accessor accessor = must(space.accessor());
      for (Count n = 0; n < each; ++n) {
        ASSERT_TRUE(holds(accessor.fetch_add<Count>(at_page(16 + n % kPages, 8 * i), 1)));
        ASSERT_TRUE(holds(accessor.fetch_add<Count>(at_page(16 + n % kPages, 128), 1)));
      }
      --adding;
      return;
    }
    Count before = 0;
    for (unsigned forks = 0; adding != 0; ++forks) {
      std::optional<Space> child{must(space.fork())};
      // Additions by the child are its own.
      if (forks % 2 == 0) put<Count>(*child, at_page(16, 1024), 77);
      Count own = 0;
      Count common = 0;
      for (std::uint64_t p = 0; p < kPages; ++p) {
        for (unsigned a = 0; a < kAdders; ++a) own += get<Count>(*child, at_page(16 + p, 8 * a));
        common += get<Count>(*child, at_page(16 + p, 128));
      }
      // Each thread adds to its own word, then to the common one.
      ASSERT_LE(common, own);
      ASSERT_LE(own, common + kAdders);
      ASSERT_GE(common, before) << "a later fork shows less than an earlier one";
      before = common;
      if (forks % 3 == 0) child.reset();
    }
  });
  Count common = 0;
  for (std::uint64_t p = 0; p < kPages; ++p) common += get<Count>(space, at_page(16 + p, 128));
  EXPECT_EQ(common, kAdders * each);
  EXPECT_EQ(get<Count>(space, at_page(16, 1024)), 0u);
}

// A writer counts a up, then b, far away. A fork between the two is the only way to see them
// differ.
TEST_F(ThreadsFork, AForkIsOneMoment) {
  Space space = new_space(5000);
  const Address a = at_page(16);
  const Address b = at_page(5000);
  Meanwhile writer([&] { return std::pair(must(space.accessor()), Count{0}); },
                   [&](std::pair<Accessor, Count>& own) {
                     must(own.first.store<Count>(a, ++own.second));
                     must(own.first.store<Count>(b, own.second));
                   });
  for (int n = 0; n < rounds(8000); ++n) {
    const Space child = must(space.fork());
    const auto seen_a = get<Count>(child, a);
    const auto seen_b = get<Count>(child, b);
    ASSERT_GE(seen_a, seen_b) << "fork " << n;
    ASSERT_LE(seen_a, seen_b + 1) << "fork " << n;
    ASSERT_EQ(get<Count>(child, a), seen_a) << "the fork still changes";
    if (n % 100 == 0) writer.wait_for_rounds(3000);  // long enough to turn light
  }
}

TEST_F(ThreadsFork, ASnapshotIsOneMomentAndStaysIt) {
  Space space = new_space(5000);
  const Address a = at_page(16);
  const Address b = at_page(5000);
  Meanwhile writer([&] { return std::pair(must(space.accessor()), Count{0}); },
                   [&](std::pair<Accessor, Count>& own) {
                     must(own.first.store<Count>(a, ++own.second));
                     must(own.first.store<Count>(b, own.second));
                   });
  for (int n = 0; n < rounds(3000); ++n) {
    const Snapshot now = must(space.snapshot());
    const auto seen_a = must(now.load<Count>(a));
    const auto seen_b = must(now.load<Count>(b));
    ASSERT_GE(seen_a, seen_b);
    ASSERT_LE(seen_a, seen_b + 1);
    if (n % 16 == 0) writer.wait_for_rounds(10);
    ASSERT_EQ(must(now.load<Count>(a)), seen_a) << "the snapshot changed";
  }
}

// The reader remembers where pages X are. The writer copies X, writes to it, then sets a flag.
TEST_F(ThreadsFork, WhoSeesTheFlagSeesWhatWasWrittenToACopyBefore) {
  constexpr std::uint64_t kPages = 40;
  Space space = new_space(kPages + 1);
  const Address flag = at_page(16 + kPages);
  std::atomic<bool> done{false};
  together(2, [&](unsigned i) {
    Accessor accessor = must(space.accessor());
    if (i == 0) {
      for (Count n = 1; n <= static_cast<Count>(rounds(20'000)); ++n) {
        if (n % 5 == 0) (void)must(space.fork());
        const Snapshot shared = must(space.snapshot());
        must(accessor.store<Count>(at_page(16 + n % kPages), n));
        must(accessor.store<Count>(flag, n));
      }
      done = true;
    } else {
      for (Count last = 0; !done;) {
        const auto seen = must(accessor.load<Count>(flag));
        ASSERT_GE(seen, last);
        last = seen;
        if (seen == 0) continue;
        // The page was written with `seen`, and later only with more.
        ASSERT_GE(must(accessor.load<Count>(at_page(16 + seen % kPages))), seen);
      }
    }
  });
}

// A reader holds a translation to a frame that a sibling comes to own and writes in place.
TEST_F(ThreadsFork, NoThreadEverReadsWhatTheSiblingWrites) {
  constexpr std::uint64_t kPages = 30;
  Space space = new_space(kPages);
  for (std::uint64_t p = 0; p < kPages; ++p) put<Count>(space, at_page(16 + p), 1);
  Meanwhile reader([&] { return must(space.accessor()); },
                   [&](Accessor& accessor) {
                     for (std::uint64_t p = 0; p < kPages; ++p) {
                       const auto seen = must(accessor.load<Count>(at_page(16 + p)));
                       ASSERT_LT(seen, Count{1} << 32) << "the sibling's";
                     }
                   });
  // By words, as the reader reads: Space::write() beside a load of the same bytes would be a race.
  Accessor ours = must(space.accessor());
  for (Count n = 2; n < static_cast<Count>(rounds(4000)); ++n) {
    Space child = must(space.fork());
    // The parent copies away; the child then owns the old frames, as soon as no reader is left in
    // them.
    for (std::uint64_t p = 0; p < kPages; ++p) must(ours.store<Count>(at_page(16 + p), n));
    for (std::uint64_t p = 0; p < kPages; ++p) put<Count>(child, at_page(16 + p), n << 32);
    for (std::uint64_t p = 0; p < kPages; ++p) {
      ASSERT_EQ(get<Count>(child, at_page(16 + p)), n << 32);
      ASSERT_EQ(get<Count>(space, at_page(16 + p)), n);
    }
  }
}

TEST_F(ThreadsFork, ForksEndInOtherThreads) {
  Space space = new_space(64);
  std::atomic<Space*> handed{nullptr};
  std::atomic<bool> done{false};
  together(3, [&](unsigned i) {
    if (i == 0) {
      for (int n = 0; n < rounds(600); ++n) {
        auto* child = new Space(must(space.fork()));
        put<int>(*child, at_page(16 + static_cast<unsigned>(n) % 64), n);
        Space* free_place = nullptr;
        while (!handed.compare_exchange_weak(free_place, child)) {
          free_place = nullptr;
          std::this_thread::yield();
        }
      }
      done = true;
    } else if (i == 1) {
      while (!done || handed != nullptr) {
        delete handed.exchange(nullptr);
        std::this_thread::yield();
      }
    } else {
      Accessor accessor = must(space.accessor());
      for (Count n = 0; !done; ++n) must(accessor.store<Count>(at_page(16 + n % 64, 8), n));
    }
  });
  EXPECT_EQ(pool.statistics().spaces, 1u);
}

TEST_F(ThreadsFork, AccessorsComeAndGoAllTheTime) {
  Space space = new_space(8);
  std::atomic<unsigned> adding{3};
  const auto each = static_cast<Count>(rounds(6000));
  together(4, [&](unsigned i) {
    if (i == 3) {
      while (adding != 0) {
        Space child = must(space.fork());
        put<int>(child, at_page(17), 1);
      }
      return;
    }
    for (Count n = 0; n < each; ++n) {
      Accessor accessor = must(space.accessor());
      for (int k = 0; k < 3; ++k) must(accessor.fetch_add<Count>(at_page(16), 1));
    }
    --adding;
  });
  EXPECT_EQ(get<Count>(space, at_page(16)), 3 * 3 * each);
}

}  // namespace
}  // namespace cleave::detail
