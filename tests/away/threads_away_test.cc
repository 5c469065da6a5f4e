// Threads at spaces whose pages go and come meanwhile.
#include <atomic>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "space/validate.h"
#include "tests/away/on_little_memory.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

class ThreadsAwayTest : public OnLittleMemory {
 protected:
  static constexpr std::uint64_t kPages = 60;
};

TEST_F(ThreadsAwayTest, NoStoreIsLostWhilePagesGoAndCome) {
  Space space = space_of(kPages);
  Meanwhile evicting([&] { evict(); });
  together(3, [&](unsigned thread) {
    Accessor accessor = must(space.accessor());
    std::mt19937_64 random(thread);
    std::vector<std::uint64_t> mine(kPages);
    for (int n = 0; n < rounds(20'000); ++n) {
      const std::uint64_t page = random() % kPages;
      const Address at = page_at(page) + std::uint64_t{8} * thread;
      if (random() % 2 == 0) {
        must(accessor.store<std::uint64_t>(at, ++mine[page]));
      } else {
        ASSERT_EQ(must(accessor.load<std::uint64_t>(at)), mine[page]) << "page " << page;
      }
    }
  });
}

TEST_F(ThreadsAwayTest, NoAdditionIsLostWhilePagesGoAndCome) {
  Space space = space_of(kPages);
  const int each = rounds(20'000);
  {
    Meanwhile evicting([&] { evict(); });
    together(3, [&](unsigned thread) {
      Accessor accessor = must(space.accessor());
      std::mt19937_64 random(thread);
      for (int n = 0; n < each; ++n)
        must(accessor.fetch_add<std::uint64_t>(page_at(random() % kPages), 1));
    });
  }
  std::uint64_t sum = 0;
  for (std::uint64_t n = 0; n < kPages; ++n) {
    std::uint64_t seen = 0;
    must(space.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1))));
    sum += seen;
  }
  EXPECT_EQ(sum, 3u * static_cast<unsigned>(each));
}

TEST_F(ThreadsAwayTest, ForksAndSnapshotsStayWhatTheyWere) {
  Space space = space_of(kPages);
  fill(space, kPages, 1);
  Meanwhile evicting([&] { evict(); });
  together(3, [&](unsigned thread) {
    std::mt19937_64 random(thread);
    Accessor accessor = must(space.accessor());
    for (int n = 0; n < rounds(300); ++n) {
      const std::uint64_t page = kPages / 3 * thread + random() % (kPages / 3);
      const Address at = page_at(page);
      const auto before = must(accessor.load<std::uint64_t>(at));
      const Snapshot snapshot = must(space.snapshot());
      Space child = must(space.fork());
      must(accessor.store<std::uint64_t>(at, before + kPages));
      std::uint64_t value = before + 7;
      must(child.write(at, std::as_bytes(std::span(&value, 1))));
      ASSERT_EQ(must(snapshot.load<std::uint64_t>(at)), before);
      must(child.read(at, std::as_writable_bytes(std::span(&value, 1))));
      ASSERT_EQ(value, before + 7);
      ASSERT_EQ(must(accessor.load<std::uint64_t>(at)), before + kPages);
    }
  });
}

TEST_F(ThreadsAwayTest, WhatADeviceWritesIsWhatItsOwnerReads) {
  Space space = space_of(kPages);
  Meanwhile evicting([&] { evict(); });
  together(3, [&](unsigned thread) {
    std::mt19937_64 random(thread);
    Accessor accessor = must(space.accessor());
    for (int n = 0; n < rounds(2'000); ++n) {
      const std::uint64_t page = kPages / 3 * thread + random() % (kPages / 3);
      const Address at = page_at(page);
      const std::uint64_t value = random();
      {
        const Pin pin = must(random() % 2 == 0 ? accessor.pin(at, kPageSize, PinAccess::write)
                                               : space.pin(at, kPageSize, PinAccess::write));
        ASSERT_EQ(pin.pieces().size(), 1u);
        std::memcpy(pin.pieces()[0].iov_base, &value, sizeof value);
        if (random() % 4 == 0) std::this_thread::yield();
      }
      ASSERT_EQ(must(accessor.load<std::uint64_t>(at)), value);
    }
  });
}

TEST_F(ThreadsAwayTest, ReadErrorsAreAnswersAndLoseNothing) {
  Space space = space_of(kPages);
  fill(space, kPages, 1000);
  std::atomic<unsigned> n{0};
  beyond.refuses_get = [&n] { return n.fetch_add(1) % 3 == 0; };
  {
    Meanwhile evicting([&] { evict(); });
    together(3, [&](unsigned thread) {
      std::mt19937_64 random(thread);
      Accessor accessor = must(space.accessor());
      for (int i = 0; i < rounds(3'000); ++i) {
        const std::uint64_t page = random() % kPages;
        const auto word = accessor.load<std::uint64_t>(page_at(page));
        if (word) {
          ASSERT_EQ(*word, 1000 + page);
        } else {
          ASSERT_EQ(word.error().code, Errc::io);
        }
      }
    });
  }
  beyond.refuses_get = nullptr;
  expect_filled(space, kPages, 1000);
}

TEST_F(ThreadsAwayTest, WhatIsDroppedOnItsWayIsGivenBackOnce) {
  Meanwhile evicting([&] { evict(); });
  together(3, [&](unsigned thread) {
    std::mt19937_64 random(thread);
    for (int n = 0; n < rounds(300); ++n) {
      Space space = space_of(20);
      fill(space, 20, 1000);
      const std::optional<Snapshot> snapshot =
          random() % 2 == 0 ? std::optional(must(space.snapshot())) : std::nullopt;
      must(space.discard(page_at(random() % 10), ByteCount{10 * kPageSize}));
      if (snapshot) expect_filled(*snapshot, 20, 1000);
    }
  });
}

}  // namespace
}  // namespace cleave::detail
