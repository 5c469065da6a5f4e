// Every allocation of every operation with pins and holds fails once: nothing has changed then,
// nothing is pinned, and the operation succeeds when it is repeated.
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "sync/memory.h"
#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

// Pages 16 to 216, shared with a snapshot but for the pinned ones and a few others.
struct Scene {
  explicit Scene(Pool& of) : pool(of), space(must(Space::create(of))) {
    must(space.map_at(at_page(16), pages_of(200)));
    must(space.write(at_page(16), patterned(150 * kPageSize, 1)));
    before.emplace(must(space.snapshot()));
    must(space.write(at_page(40), patterned(3 * kPageSize, 2)));
    pins.push_back(must(space.pin(at_page(30), pages_of(3), kWriting)));
    pins.push_back(must(space.pin(at_page(130), 1, kReading, PinTerm::long_term)));
  }
  Pool& pool;
  Space space;
  std::optional<Snapshot> before;
  std::optional<Accessor> accessor;
  std::vector<Pin> pins;
  // What operations make stays until the scene ends.
  std::vector<Space> spaces;
  std::vector<Snapshot> snapshots;
  std::vector<Hold> held;
};

struct Case {
  const char* name;
  std::function<Result<void>(Scene&)> run;
  bool with_an_accessor = false;
};

template <class T>
Result<void> keep(Result<T> made, std::vector<T>& where) {
  if (!made) return tl::unexpected(made.error());
  where.push_back(std::move(*made));
  return {};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"pin_shared_pages",
       [](Scene& s) { return keep(s.space.pin(at_page(50), pages_of(20), kReading), s.pins); }},
      {"pin_absent_pages",
       [](Scene& s) { return keep(s.space.pin(at_page(160), pages_of(20), kWriting), s.pins); }},
      {"pin_one_page_among_pinned_ones",
       [](Scene& s) { return keep(s.space.pin(at_page(29), pages_of(1), kWriting), s.pins); }},
      {"pin_through_an_accessor",
       [](Scene& s) {
         return keep(s.accessor->pin(at_page(38, 5), pages_of(9), kReading), s.pins);
       },
       true},
      {"fork", [](Scene& s) { return keep(s.space.fork(), s.spaces); }},
      {"fork_with_an_accessor", [](Scene& s) { return keep(s.space.fork(), s.spaces); }, true},
      {"snapshot", [](Scene& s) { return keep(s.space.snapshot(), s.snapshots); }},
      {"hold", [](Scene& s) { return keep(s.space.hold(at_page(20), pages_of(120)), s.held); }},
      {"hold_of_one_page", [](Scene& s) { return keep(s.space.hold(at_page(20), 1), s.held); }},
      {"write_to_what_is_held",
       [](Scene& s) {
         const Bytes same = bytes_in(s.space, at_page(40), 1);
         return s.space.write(at_page(40), same);
       }},
  };
  return all;
}

class KthAllocationWithPins : public testing::TestWithParam<std::size_t> {
 protected:
  void TearDown() override { sync::fail_allocation(0); }
};

void expect_pins(const Pool& pool, const std::vector<Pin>& pins) {
  std::uint64_t pages = 0;
  for (const Pin& pin : pins) {
    for (const FrameId frame : frames_of(pin)) {
      const FrameState& state = HandleAccess::state(pool).state(frame);
      EXPECT_EQ(state.references(), 1u);
      EXPECT_EQ(state.pins(kReading) + state.pins(kWriting), 1u);
      ++pages;
    }
  }
  EXPECT_EQ(pool.statistics().short_pins + pool.statistics().long_pins, pages);
}

TEST_P(KthAllocationWithPins, FailsAndTheOperationHasChangedNothing) {
  const Case& operation = cases()[GetParam()];
  Pool pool = must(Pool::create(pages_of(2000)));
  std::uint64_t failures = 0;
  for (std::uint64_t k = 1;; ++k) {
    SCOPED_TRACE(testing::Message() << operation.name << ", allocation " << k);
    Scene scene(pool);
    if (operation.with_an_accessor) {
      scene.accessor.emplace(must(scene.space.accessor()));
      must(scene.accessor->store<int>(at_page(40), 1));
    }
    const Bytes before = bytes_in(scene.space, at_page(16), 200 * kPageSize);
    const Hold hold = must(scene.space.hold(at_page(40), pages_of(1)));
    sync::fail_allocation(k);
    const auto done = operation.run(scene);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    expect_adds_up(pool);
    ASSERT_EQ(bytes_in(scene.space, at_page(16), 200 * kPageSize), before);
    if (!struck) {
      ASSERT_TRUE(holds(done));
      break;
    }
    ++failures;
    if (!done) {
      ASSERT_EQ(done.error().code, Errc::no_memory);
      ASSERT_EQ(scene.pins.size(), 2u);
      ASSERT_EQ(pool.statistics().spaces, 1u);
      ASSERT_NO_FATAL_FAILURE(expect_pins(pool, scene.pins));
      ASSERT_TRUE(holds(operation.run(scene))) << "it does not succeed when repeated";
    }
    expect_pins(pool, scene.pins);
    ASSERT_EQ(bytes_in(*scene.before, at_page(16), 150 * kPageSize), patterned(150 * kPageSize, 1));
    // A fork sees the pins still: each pinned page is copied for it.
    write_through(scene.pins[0], filled(3 * kPageSize, 7));
    const Space child = must(scene.space.fork());
    write_through(scene.pins[0], filled(3 * kPageSize, 8));
    ASSERT_EQ(bytes_in(child, at_page(30), 3 * kPageSize), filled(3 * kPageSize, 7));
    ASSERT_EQ(seen_through(hold), bytes_in(child, at_page(40), kPageSize));
    ASSERT_LT(k, 1000u) << "it never succeeds";
  }
  EXPECT_GT(failures, 0u) << "no allocation of it failed";
  expect_nothing_left(pool);
  EXPECT_EQ(pool.statistics().short_pins + pool.statistics().long_pins, 0u);
}

INSTANTIATE_TEST_SUITE_P(Of, KthAllocationWithPins, testing::Range(std::size_t{0}, cases().size()),
                         [](const auto& chosen) { return cases()[chosen.param].name; });

class InATinyPool : public OnPins {
 protected:
  InATinyPool() : OnPins(pages_of(10)) {}
};

TEST_F(InATinyPool, AForkThatCannotCopyWhatIsPinnedFails) {
  Space space = written_space(6);
  const Bytes before = bytes_in(space, at_page(16), 6 * kPageSize);
  Pin pin = must(space.pin(at_page(16), pages_of(5), kWriting));
  EXPECT_TRUE(fails_with(space.fork(), Errc::no_memory));
  EXPECT_TRUE(fails_with(space.snapshot(), Errc::no_memory));
  EXPECT_TRUE(fails_with(space.hold(at_page(16), pages_of(5)), Errc::no_memory));
  EXPECT_EQ(used(), 6u);
  EXPECT_EQ(bytes_in(space, at_page(16), 6 * kPageSize), before);
  EXPECT_TRUE(holds(space.hold(at_page(17), pages_of(5))));  // four pinned, four free
  const auto copied = copies();
  put<int>(space, at_page(16), 1);
  EXPECT_EQ(copies(), copied) << "a failed fork left something shared";
  pin.release();
  EXPECT_TRUE(holds(space.fork()));
}

TEST_F(InATinyPool, APinThatCannotHaveAllItsPagesHasNone) {
  Space space = new_space(20);
  ASSERT_TRUE(holds(space.write(at_page(16), patterned(4 * kPageSize, 1))));
  Accessor accessor = must(space.accessor());
  EXPECT_TRUE(
      fails_at(space.pin(at_page(16, 5), pages_of(12), kReading), Errc::no_memory, at_page(26)));
  EXPECT_TRUE(
      fails_at(accessor.pin(at_page(16, 5), pages_of(12), kReading), Errc::no_memory, at_page(26)));
  expect_pins(0, 0);
  ASSERT_TRUE(holds(space.discard(at_page(20), pages_of(6))));
  EXPECT_EQ(used(), 4u);
  EXPECT_EQ(bytes_in(space, at_page(16), 4 * kPageSize), patterned(4 * kPageSize, 1));
}

TEST_F(InATinyPool, WhatPinsKeepIsNotFreeForOthers) {
  Space space = written_space(6);
  Pin pin = must(space.pin(at_page(16), pages_of(6), kWriting));
  ASSERT_TRUE(holds(space.discard(at_page(16), pages_of(6))));
  Space other = new_space(10);
  EXPECT_TRUE(
      fails_at(other.write(at_page(16), filled(10 * kPageSize, 1)), Errc::no_memory, at_page(20)));
  pin.release();
  EXPECT_TRUE(holds(other.write(at_page(16), filled(10 * kPageSize, 1))));
}

}  // namespace
}  // namespace cleave::detail
