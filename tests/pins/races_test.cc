// A fast pin takes no lock. Against each operation that does, for a while.
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/pins/device.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using Count = std::uint64_t;
constexpr std::uint64_t kPages = 5;

/// Two devices, in threads of their own, count on the pages [16, 16 + kPages) of a space.
class TwoDevices {
 public:
  explicit TwoDevices(Space& space)
      : space_(space), first_(made(8), counted()), second_(made(16), counted()) {}

  /// Ends them, and expects each number that they counted to be there.
  void stop() {
    first_.stop();
    second_.stop();
    Count found = 0;
    for (std::uint64_t p = 16; p < 16 + kPages; ++p) {
      found += get<Count>(space_, at_page(p, 8)) + get<Count>(space_, at_page(p, 16));
    }
    EXPECT_EQ(found, 3 * rounds_.load()) << "numbers were lost";
  }

 private:
  [[nodiscard]] std::function<std::unique_ptr<Device>()> made(std::uint64_t offset) const {
    return [this, offset] { return std::make_unique<Device>(space_, offset); };
  }
  std::function<void(std::unique_ptr<Device>&)> counted() {
    return [this](std::unique_ptr<Device>& device) {
      if (testing::Test::HasFailure()) return;
      device->count_on(16 + device->rounds() % kPages);
      ++rounds_;
    };
  }

  Space& space_;
  std::atomic<Count> rounds_{0};
  Meanwhile first_;
  Meanwhile second_;
};

class PinRaces : public OnPins {
 protected:
  void TearDown() override {
    { const Space ended = std::move(space); }
    OnPins::TearDown();
  }

  Space space = new_space(kPages);

  template <class Source>
  static Bytes pages_in(const Source& source) {
    return bytes_in(source, at_page(16), kPages * kPageSize);
  }
};

// Forks that live long, and forks that end in the middle of copies.
TEST_F(PinRaces, AgainstForks) {
  TwoDevices devices(space);
  std::deque<std::pair<Space, Bytes>> children;
  for_a_while([&](unsigned n) {
    Space child = must(space.fork());
    if (n % 4 != 0) return;
    Bytes seen = pages_in(child);
    children.emplace_back(std::move(child), std::move(seen));
    if (children.size() < 8) return;
    ASSERT_EQ(pages_in(children.front().first), children.front().second) << "a child changed";
    children.pop_front();
  });
  devices.stop();
}

TEST_F(PinRaces, AgainstSnapshotsAndHolds) {
  TwoDevices devices(space);
  for_a_while([&](unsigned) {
    const Snapshot now = must(space.snapshot());
    const Bytes in_snapshot = pages_in(now);
    const Hold hold = must(space.hold(at_page(17), pages_of(3)));
    const Bytes in_hold = seen_through(hold);
    const Space child = must(now.fork());
    ASSERT_EQ(pages_in(now), in_snapshot) << "a snapshot changed";
    ASSERT_EQ(pages_in(child), in_snapshot);
    ASSERT_EQ(seen_through(hold), in_hold) << "a hold changed";
  });
  devices.stop();
}

TEST_F(PinRaces, AgainstTheEndOfSiblings) {
  TwoDevices devices(space);
  std::atomic<Space*> handed{nullptr};
  {
    Meanwhile ender([&] {
      delete handed.exchange(nullptr);
      std::this_thread::yield();
    });
    for_a_while([&](unsigned n) {
      auto child = std::make_unique<Space>(must(space.fork()));
      if (n % 3 == 0) put<Count>(*child, at_page(16 + n % kPages, 8), ~Count{0});
      Space* none = nullptr;
      if (handed.compare_exchange_strong(none, child.get())) (void)child.release();
    });
  }
  delete handed.exchange(nullptr);
  devices.stop();
}

TEST_F(PinRaces, AgainstProtection) {
  const Pin lasting = must(space.pin(at_page(16), pages_of(kPages), kWriting, PinTerm::long_term));
  const auto frames = frames_of(lasting);
  {
    Meanwhile protector([&] {
      must(space.protect(at_page(17), pages_of(2), Protection::read));
      must(space.protect(at_page(17), pages_of(2), Protection::read_write));
    });
    Device device(space, 8);
    for_a_while([&](unsigned n) {
      const std::uint64_t page = 16 + n % kPages;
      const Pin reading = must(device.pin(page, kReading));
      ASSERT_EQ(frames_of(reading)[0], frames[page - 16]);
      const auto writing = device.pin(page);
      if (!writing) {
        ASSERT_TRUE(fails_at(writing, Errc::not_permitted, at_page(page, 8)));
        return;
      }
      ASSERT_EQ(frames_of(*writing)[0], frames[page - 16]) << "protection moved the page";
      device_store(*writing, n);
      ASSERT_EQ(device.load(page), n);
    });
  }
  expect_pins(0, kPages);
  EXPECT_EQ(used(), kPages);
}

// The page goes, and the address gets another; the pin keeps the one that it found.
TEST_F(PinRaces, AgainstDiscardAndUnmap) {
  Space stranger =
      new_space(kPages);  // takes the frames that come back, and would see them written to
  std::atomic<std::uint64_t> detached{0};
  {
    Meanwhile worker([&] { return std::make_unique<Device>(space, 8); },
                     [&](std::unique_ptr<Device>& device) {
                       if (testing::Test::HasFailure()) return;
                       const std::uint64_t page = 16 + device->rounds() % kPages;
                       const auto pinned = device->pin(page);
                       if (!pinned) {
                         ASSERT_TRUE(fails_at(pinned, Errc::not_mapped, at_page(page, 8)));
                         return;
                       }
                       for (Count n = 1; n < 20; ++n) {
                         device_store(*pinned, n);
                         ASSERT_EQ(device_load(*pinned), n)
                             << "another thread writes to a pinned frame";
                       }
                       ASSERT_LE(state(*pinned).references(), 1u);
                       if (state(*pinned).references() == 0) ++detached;
                     });
    const auto round = [&](unsigned n) {
      if (n % 2 == 0) {
        must(space.discard(at_page(16), pages_of(kPages)));
      } else {
        must(space.unmap(at_page(17), pages_of(2)));
        must(space.map_at(at_page(17), pages_of(2)));
      }
      const Bytes bytes = patterned(kPages * kPageSize, n);
      must(stranger.write(at_page(16), bytes));
      ASSERT_EQ(pages_in(stranger), bytes) << "a frame was given away while it was pinned";
      must(stranger.discard(at_page(16), pages_of(kPages)));
    };
    for_a_while(round, [&] { return detached != 0; });  // a page went while it was pinned
  }
  must(space.discard(at_page(16), pages_of(kPages)));
  EXPECT_EQ(used(), 0u) << "frames did not come back";
}

// Whoever of them is last gives the frame back, and only they.
TEST_F(PinRaces, OfTheLastUnpinAgainstTheLastReference) {
  std::atomic<Pin*> handed{nullptr};
  Meanwhile unpinner([&] { delete handed.exchange(nullptr); });
  for_a_while([&](unsigned n) {
    auto one = std::make_unique<Pin>(must(space.pin(at_page(16), pages_of(2), kWriting)));
    auto other = std::make_unique<Pin>(must(space.pin(at_page(17), pages_of(1), kReading)));
    handed = one.release();
    if (n % 3 == 0) other.reset();
    must(space.discard(at_page(16), pages_of(2)));
    other.reset();
    while (handed != nullptr) std::this_thread::yield();
  });
  unpinner.stop();
  EXPECT_EQ(used(), 0u);
}

// A rollback and a pin exclude each other: whoever comes second goes without.
TEST_F(PinRaces, AgainstRollback) {
  for (std::uint64_t p = 16; p < 16 + kPages; ++p) put<Count>(space, at_page(p, 8), 1);
  const Snapshot start = must(space.snapshot());
  std::uint64_t done = 0;
  {
    Meanwhile worker([&] { return std::make_unique<Device>(space, 8); },
                     [n = Count{0}](std::unique_ptr<Device>& device) mutable {
                       if (testing::Test::HasFailure()) return;
                       const std::uint64_t page = 16 + ++n % kPages;
                       {
                         const Pin pinned = must(device->pin(page));
                         for (Count k = 0; k < 5; ++k) {
                           device_store(pinned, n + k);
                           ASSERT_EQ(device->load(page), n + k) << "rolled back while pinned";
                         }
                       }
                       std::this_thread::yield();
                     });
    const auto round = [&](unsigned) {
      const auto rolled = space.rollback(start);
      if (!rolled) {
        ASSERT_TRUE(fails_with(rolled, Errc::pinned));
        ASSERT_EQ(offset_in_page(rolled.error().where), 0u);
      } else {
        ++done;
      }
    };
    for_a_while(round, [&] { return done != 0; });
  }
  EXPECT_TRUE(holds(space.rollback(start)));
  for (std::uint64_t p = 16; p < 16 + kPages; ++p) EXPECT_EQ(get<Count>(space, at_page(p, 8)), 1u);
}

// Each thread pins ranges of all pages, and counts stay exact.
TEST_F(PinRaces, AgainstOtherPins) {
  together(3, [&](unsigned i) {
    Accessor accessor = must(space.accessor());
    for_a_while([&](unsigned n) {
      const std::uint64_t first = n % kPages;
      const Pin pin = must(accessor.pin(at_page(16 + first, 8 * (i + 1)),
                                        pages_of(kPages - first) - 8 * (i + 1),
                                        n % 2 == 0 ? kReading : kWriting));
      for (const FrameId frame : frames_of(pin)) ASSERT_EQ(state(frame).references(), 1u);
      if (n % 16 == 0 && i == 0) (void)must(space.fork());
    });
  });
  const Pin last = must(space.pin(at_page(16), pages_of(kPages), kReading));
  for (const FrameId frame : frames_of(last)) {
    EXPECT_EQ(state(frame).pins(kReading), 1u);
    EXPECT_EQ(state(frame).pins(kWriting), 0u);
  }
}

}  // namespace
}  // namespace cleave::detail
