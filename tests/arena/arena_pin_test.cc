// Pins and holds of arenas, under each way of tracking.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "tests/arena/every_tracking.h"
#include "tests/arena/pages_with_memory.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

class ArenaPins : public EveryTracking {};

TEST_P(ArenaPins, KeepTheMemoryOfDevicesApartFromWhatRunsOverItsEnd) {
  Arena arena = make();
  const ArenaPin pin = must(arena.pin(arena.data(), arena.size().value, PinAccess::write));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const std::byte* const first = pin.memory().data();
  const std::byte* const last = first + pin.memory().size() - 1;
  // The kernel looks whether it can be read, and raises no signal.
  const auto is_there = [&](const std::byte* at) { return ::write(ends[1], at, 1) == 1; };
  EXPECT_TRUE(is_there(first));
  EXPECT_TRUE(is_there(last));
  EXPECT_FALSE(is_there(first - 1));
  EXPECT_FALSE(is_there(last + 1));
  for (const int end : ends) (void)close(end);
}

TEST_P(ArenaPins, CommitWhatADeviceWroteThroughAPin) {
  Arena arena = make();
  write(arena, 0, "program");
  (void)must(arena.commit());
  ArenaPin pin = must(arena.pin(arena.data(), 4096, PinAccess::write));
  std::memcpy(pin.memory().data(), "device!", 7);
  EXPECT_EQ(text_at(arena, 0, 7), "device!");
  const Commit during = must(arena.commit());
  std::memcpy(pin.memory().data(), "at last", 7);
  pin.release();
  const Commit after = must(arena.commit());
  EXPECT_EQ(after.pages(), 1u);
  EXPECT_EQ(must(arena.commit()).pages(), 0u);
  must(arena.checkout(during));
  EXPECT_EQ(text_at(arena, 0, 7), "device!");
  must(arena.checkout(after));
  EXPECT_EQ(text_at(arena, 0, 7), "at last");
}

TEST_P(ArenaPins, DoNotRecordAPinnedPageThatWasNotWritten) {
  Arena arena = make();
  write(arena, 0, "still");
  (void)must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data(), 4096, PinAccess::write));
  for (int round = 0; round < 10; ++round) EXPECT_EQ(must(arena.commit()).pages(), 0u);
}

TEST_P(ArenaPins, RefuseWholeACheckoutThatWouldChangeAPageUnderADevice) {
  Arena arena = make();
  const Commit empty = arena.head();
  write(arena, 0, "aaaa");
  write(arena, 40 * 4096, "bbbb");
  const Commit full = must(arena.commit());
  ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::write));
  const auto refused = arena.checkout(empty);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::pinned);
  EXPECT_EQ(raw(refused.error().where), reinterpret_cast<std::uintptr_t>(arena.data() + 40 * 4096));
  EXPECT_EQ(text_at(arena, 0, 4), "aaaa") << "nothing has changed";
  EXPECT_EQ(arena.head(), full);
  pin.release();
  must(arena.checkout(empty));
  EXPECT_EQ(arena.data()[0], std::byte{0});
}

TEST_P(ArenaPins, CheckOutAroundAPinWhosePageStays) {
  Arena arena = make();
  write(arena, 40 * 4096, "bbbb");
  const Commit before = must(arena.commit());
  write(arena, 0, "aaaa");
  const ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::write));
  must(arena.checkout(before));
  EXPECT_EQ(arena.data()[0], std::byte{0});
}

TEST_P(ArenaPins, DoNotWriteToAPageUnderADevice) {
  Arena arena = make();
  write(arena, 40 * 4096, "bbbb");
  const Commit before = must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data() + 40 * 4096, 4, PinAccess::write));
  must(arena.checkout(before));
  EXPECT_EQ(arena.statistics().restored, 0u);
}

// A page that holds what the commit has when the checkout looks may not do so any more when the
// checkout writes.
TEST_P(ArenaPins, UndoNothingThatADeviceWritesDuringACheckout) {
  if (kSanitized) GTEST_SKIP() << "the device is a thread here, and races as devices do";
  constexpr std::size_t kPages = 1000;
  Arena arena = make((kPages + 1) * 4096);
  std::string noise(kPages * 4096, 'n');
  write(arena, 0, noise);
  write(arena, kPages * 4096, "0");
  const Commit before = must(arena.commit());
  const ArenaPin pin = must(arena.pin(arena.data() + kPages * 4096, 4096, PinAccess::write));
  volatile std::byte& byte = pin.memory()[0];
  std::atomic<bool> end{false};
  std::atomic<bool> undone{false};
  std::thread device([&] {
    for (std::byte value{'1'}; !end; value ^= std::byte{1}) {
      byte = value;
      for (int i = 0; i < 1000 && !undone; ++i) undone = byte != value;
    }
  });
  for (int round = 0; round < 50 && !undone; ++round) {
    write(arena, 0, noise);
    while (!undone) {
      const auto done = arena.checkout(before);
      if (done) break;
      ASSERT_EQ(done.error().code, Errc::pinned);
    }
  }
  end = true;
  device.join();
  EXPECT_FALSE(undone);
}

TEST_P(ArenaPins, TakeNoMemoryForPinnedPagesThatWereNotWritten) {
  Arena arena = make(16_MiB);
  const ArenaPin pin = must(arena.pin(arena.data(), arena.size().value, PinAccess::write));
  write(arena, 4096, "x");
  (void)must(arena.commit());
  must(arena.checkout(arena.head()));
  (void)must(arena.commit());
  EXPECT_EQ(pages_with_memory(arena.memory()), 1u);
}

TEST_P(ArenaPins, ShowAReadingDeviceWhatACheckoutBrought) {
  Arena arena = make();
  write(arena, 0, "one");
  const Commit one = must(arena.commit());
  write(arena, 0, "two");
  const ArenaPin pin = must(arena.pin(arena.data(), 3, PinAccess::read));
  must(arena.checkout(one));
  EXPECT_EQ(std::memcmp(pin.memory().data(), "one", 3), 0);
}

TEST_P(ArenaPins, HaveSystemCallsWriteToPinnedAndTouchedMemory) {
  Arena arena = make();
  (void)must(arena.commit());
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "hellohello", 10), 10);
  arena.mark_dirty(arena.data(), 5);
  EXPECT_EQ(read(ends[0], arena.data(), 5), 5);
  {
    const ArenaPin pin = must(arena.pin(arena.data() + 8192, 5, PinAccess::write));
    EXPECT_EQ(read(ends[0], pin.memory().data(), 5), 5);
  }
  EXPECT_EQ(must(arena.commit()).pages(), 2u);
  EXPECT_EQ(text_at(arena, 8192, 5), "hello");
  close(ends[0]);
  close(ends[1]);
}

TEST_P(ArenaPins, HoldWhatTheBytesWere) {
  Arena arena = make();
  write(arena, 0, "committed");
  (void)must(arena.commit());
  write(arena, 4096, "written");
  const Hold hold = must(arena.hold(arena.data(), 8192));
  write(arena, 0, "later....");
  write(arena, 4096, "later..");
  std::string seen(8192, '\0');
  must(hold.read(hold.address(), std::as_writable_bytes(std::span(seen))));
  EXPECT_EQ(seen.substr(0, 9), "committed");
  EXPECT_EQ(seen.substr(4096, 7), "written");
  EXPECT_EQ(must(arena.commit()).pages(), 2u) << "a hold takes nothing from the next commit";
}

TEST_P(ArenaPins, ReportNoMoreAfterAHoldThanWasWritten) {
  Arena arena = make(8_MiB);
  (void)must(arena.commit());
  write(arena, 600 * 4096, "x");
  (void)must(arena.hold(arena.data(), 4096));
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  must(arena.changes([&](std::span<const std::byte> run) {
    runs.emplace_back((run.data() - arena.data()) / 4096, run.size() / 4096);
  }));
  EXPECT_EQ(runs, (std::vector<std::pair<std::size_t, std::size_t>>{{600, 1}}));
}

TEST_P(ArenaPins, RefusePinsBeyondTheirEnds) {
  Arena arena = make();
  EXPECT_EQ(arena.pin(arena.data(), 0, PinAccess::read).error().code, Errc::bad_argument);
  EXPECT_EQ(arena.pin(arena.data() - 1, 1, PinAccess::read).error().code, Errc::bad_argument);
  EXPECT_EQ(arena.pin(arena.data() + arena.size().value - 1, 2, PinAccess::read).error().code,
            Errc::bad_argument);
  EXPECT_EQ(arena.hold(arena.data() + arena.size().value, 1).error().code, Errc::bad_argument);
}

TEST_P(ArenaPins, MayEndBeforeTheirPinsHoldsAndCommits) {
  std::optional<ArenaPin> pin;
  std::optional<Commit> commit;
  {
    Arena arena = make();
    write(arena, 0, "survivor");
    commit = must(arena.commit("name"));
    pin.emplace(must(arena.pin(arena.data(), 8, PinAccess::write)));
  }
  EXPECT_EQ(std::memcmp(pin->memory().data(), "survivor", 8), 0);
  EXPECT_FALSE(commit->parent());
}

INSTANTIATE_TEST_SUITE_P(Tracked, ArenaPins, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
