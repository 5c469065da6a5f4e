// Threads at spaces whose pages are merged meanwhile, and go and come.
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "frames/away/merger.h"
#include "tests/merge/on_equal_pages.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

// Few values, so that many pages are equal at any time.
class ThreadsMergeTest : public OnEqualPages {
 protected:
  static constexpr std::uint64_t kPages = 12;

  void merge_and_evict() {
    look();
    if (++rounds_ % 8 == 0) evict();
  }

 private:
  std::uint64_t rounds_ = 0;
};

TEST_F(ThreadsMergeTest, NoStoreIsLostWhilePagesAreMerged) {
  Meanwhile merging([&] { merge_and_evict(); });
  together(3, [&](unsigned thread) {
    Space space = space_of(kPages);
    Accessor accessor = must(space.accessor());
    std::mt19937_64 random(thread);
    std::vector<std::uint64_t> mine(kPages);
    for (int n = 0; n < rounds(20'000); ++n) {
      const std::uint64_t page = random() % kPages;
      if (random() % 4 == 0) {
        must(accessor.store<std::uint64_t>(page_at(page), mine[page] = random() % 3));
      } else {
        ASSERT_EQ(must(accessor.load<std::uint64_t>(page_at(page))), mine[page]) << "page " << page;
      }
    }
  });
}

TEST_F(ThreadsMergeTest, NoAdditionIsLostWhilePagesAreMerged) {
  Space space = space_of(kPages);
  const int each = rounds(10'000);
  {
    Meanwhile merging([&] { merge_and_evict(); });
    together(3, [&](unsigned thread) {
      Accessor accessor = must(space.accessor());
      std::mt19937_64 random(thread);
      for (int n = 0; n < each; ++n)
        must(accessor.fetch_add<std::uint64_t>(page_at(random() % kPages), 1));
    });
  }
  std::uint64_t sum = 0;
  for (std::uint64_t n = 0; n < kPages; ++n) sum += get(space, n);
  EXPECT_EQ(sum, 3u * static_cast<unsigned>(each));
  expect_valid(space);
}

TEST_F(ThreadsMergeTest, ForksSnapshotsAndHoldsStayWhatTheyWere) {
  Meanwhile merging([&] { merge_and_evict(); });
  together(3, [&](unsigned thread) {
    Space space = space_of(kPages);
    std::mt19937_64 random(thread);
    Accessor accessor = must(space.accessor());
    for (int n = 0; n < rounds(1'000); ++n) {
      const std::uint64_t page = random() % kPages;
      const auto before = must(accessor.load<std::uint64_t>(page_at(page)));
      const Snapshot snapshot = must(space.snapshot());
      const Hold hold = must(space.hold(page_at(page), kPageSize));
      Space child = must(space.fork());
      must(accessor.store<std::uint64_t>(page_at(page), random() % 3));
      put(child, page, random() % 3);
      ASSERT_EQ(get(snapshot, page), before);
      ASSERT_EQ(get(hold, page), before);
    }
  });
}

TEST_F(ThreadsMergeTest, WhatADeviceWritesIsWhatItsOwnerReads) {
  Space space = space_of(kPages);
  fill_equally(space, kPages, 7);
  Meanwhile merging([&] { merge_and_evict(); });
  together(3, [&](unsigned thread) {
    std::mt19937_64 random(thread);
    Accessor accessor = must(space.accessor());
    for (int n = 0; n < rounds(3'000); ++n) {
      const std::uint64_t page = kPages / 3 * thread + random() % (kPages / 3);
      const Address at = page_at(page);
      const std::uint64_t value = random() % 3;
      {
        const Pin pin = must(random() % 2 == 0 ? accessor.pin(at, kPageSize, PinAccess::write)
                                               : space.pin(at, kPageSize, PinAccess::write));
        std::memcpy(pin.pieces()[0].iov_base, &value, sizeof value);
      }
      ASSERT_EQ(must(accessor.load<std::uint64_t>(at)), value);
    }
  });
}

TEST_F(ThreadsMergeTest, WhatIsDroppedWhileItIsMergedIsGivenBackOnce) {
  Meanwhile merging([&] { merge_and_evict(); });
  together(3, [&](unsigned thread) {
    std::mt19937_64 random(thread);
    for (int n = 0; n < rounds(300); ++n) {
      Space space = space_of(kPages);
      fill_equally(space, kPages, random() % 2);
      const std::optional<Snapshot> snapshot =
          random() % 2 == 0 ? std::optional(must(space.snapshot())) : std::nullopt;
      must(space.discard(page_at(random() % 6), ByteCount{6 * kPageSize}));
      if (snapshot) {
        ASSERT_EQ(get(*snapshot, 0), get(*snapshot, kPages - 1));
      }
    }
  });
}

}  // namespace
}  // namespace cleave::detail
