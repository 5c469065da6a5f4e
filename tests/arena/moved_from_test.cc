// What a handle is after it was moved from: it can be destroyed and assigned to. Any other use
// stops the program with the class's name; what is but a list of memory, or a descriptor, is empty.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/cleave.h>

#include "tests/support/on_a_pool.h"

namespace cleave::detail {
namespace {

constexpr Address kAt{16 * kPageSize};

/// What handles are made from; some have to stay.
struct Stage {
  explicit Stage(Pool& of) : pool(of) { must(space.map_at(kAt, kPageSize)); }

  /// A space that holds `n`.
  Space holding(std::uint64_t n) {
    Space made = must(space.fork());
    must(made.write(kAt, std::as_bytes(std::span(&n, 1))));
    return made;
  }

  Pool& pool;
  Space space = must(Space::create(pool));
  Arena arena = must(Arena::create(pool, kPageSize, {.tracking = Tracking::software}));
  std::deque<Hold> holds;
  std::deque<Snapshot> snapshots;
};

std::uint64_t number_at(const void* at) {
  std::uint64_t n = 0;
  std::memcpy(&n, at, sizeof n);
  return n;
}

/// How to make a handle that is known by a number above 0, and to ask for that.
template <class Handle>
struct Known;

template <>
struct Known<Pool> {
  static constexpr const char* kStops = "use of a moved-from Pool";
  static Pool make(Stage& /*stage*/, std::uint64_t n) { return must(Pool::create(n * kPageSize)); }
  static std::uint64_t number(Pool& pool) { return pool.statistics().budget; }
};

template <>
struct Known<Space> {
  static constexpr const char* kStops = "use of a moved-from Space";
  static Space make(Stage& stage, std::uint64_t n) { return stage.holding(n); }
  static std::uint64_t number(Space& space) {
    std::uint64_t n = 0;
    must(space.read(kAt, std::as_writable_bytes(std::span(&n, 1))));
    return n;
  }
};

template <>
struct Known<Snapshot> {
  static constexpr const char* kStops = "use of a moved-from Snapshot";
  static Snapshot make(Stage& stage, std::uint64_t n) { return must(stage.holding(n).snapshot()); }
  static std::uint64_t number(Snapshot& snapshot) {
    return must(snapshot.load<std::uint64_t>(kAt));
  }
};

template <>
struct Known<Accessor> {
  static constexpr const char* kStops = "use of a moved-from Accessor";
  static Accessor make(Stage& stage, std::uint64_t n) { return must(stage.holding(n).accessor()); }
  static std::uint64_t number(Accessor& accessor) {
    return must(accessor.load<std::uint64_t>(kAt));
  }
};

template <>
struct Known<Hold> {
  static constexpr const char* kStops = "use of a moved-from Hold";
  static Hold make(Stage& stage, std::uint64_t n) {
    return must(stage.holding(n).hold(kAt, sizeof n));
  }
  static std::uint64_t number(Hold& hold) {
    std::uint64_t n = 0;
    must(hold.read(kAt, std::as_writable_bytes(std::span(&n, 1))));
    return n;
  }
};

template <>
struct Known<Ring> {
  static constexpr const char* kStops = "use of a moved-from Ring";
  static Ring make(Stage& stage, std::uint64_t n) {
    const File nothing = must(open_file("/dev/null", OpenMode::write));
    Ring ring = must(Ring::create(stage.pool, {.requests = 4}));
    for (std::uint64_t i = 0; i < n; ++i)
      (void)must(ring.start_write(stage.space, kAt, nothing.descriptor(), 0, 0));
    return ring;
  }
  static std::uint64_t number(Ring& ring) { return ring.in_flight(); }
};

template <>
struct Known<Arena> {
  static constexpr const char* kStops = "use of a moved-from Arena";
  static Arena make(Stage& stage, std::uint64_t n) {
    return must(Arena::create(stage.pool, n * kPageSize, {.tracking = Tracking::software}));
  }
  static std::uint64_t number(Arena& arena) { return arena.size().value / kPageSize; }
};

template <>
struct Known<Commit> {
  static constexpr const char* kStops = "use of a moved-from Commit";
  static Commit make(Stage& stage, std::uint64_t n) {
    return must(stage.arena.commit(std::to_string(n)));
  }
  static std::uint64_t number(Commit& commit) { return std::stoull(std::string(commit.name())); }
};

template <>
struct Known<Pin> {
  static constexpr const char* kStops = nullptr;
  static Pin make(Stage& stage, std::uint64_t n) {
    return must(stage.holding(n).pin(kAt, sizeof n, PinAccess::read));
  }
  static std::uint64_t number(Pin& pin) {
    return pin.pieces().empty() ? 0 : number_at(pin.pieces().front().iov_base);
  }
};

template <>
struct Known<ArenaPin> {
  static constexpr const char* kStops = nullptr;
  static ArenaPin make(Stage& stage, std::uint64_t n) {
    return must(stage.arena.pin(stage.arena.data(), n, PinAccess::read));
  }
  static std::uint64_t number(ArenaPin& pin) { return pin.size().value; }
};

template <>
struct Known<HoldView> {
  static constexpr const char* kStops = nullptr;
  static HoldView make(Stage& stage, std::uint64_t n) {
    stage.holds.push_back(Known<Hold>::make(stage, n));
    return must(stage.holds.back().view());
  }
  static std::uint64_t number(HoldView& view) {
    return view.pieces().empty() ? 0 : number_at(view.pieces().front().iov_base);
  }
};

template <>
struct Known<PageView> {
  static constexpr const char* kStops = nullptr;
  static PageView make(Stage& stage, std::uint64_t n) {
    stage.snapshots.push_back(Known<Snapshot>::make(stage, n));
    return must(stage.snapshots.back().view(page_of(kAt)));
  }
  static std::uint64_t number(PageView& view) {
    return view.bytes().empty() ? 0 : number_at(view.bytes().data());
  }
};

template <>
struct Known<File> {
  static constexpr const char* kStops = nullptr;
  static File make(Stage& /*stage*/, std::uint64_t /*n*/) {
    return must(open_file("/dev/null", OpenMode::read));
  }
  static std::uint64_t number(File& file) {
    return static_cast<std::uint64_t>(file.descriptor() + 1);
  }
};

template <class Handle>
class MovedFromDeathTest : public OnAPool {
 protected:
  void SetUp() override {
    if (std::is_same_v<Handle, Ring> && !Ring::create(pool)) GTEST_SKIP() << "no io_uring here";
  }
  static void expect_moved_from(Handle& handle) {
    if (Known<Handle>::kStops == nullptr) {
      EXPECT_EQ(Known<Handle>::number(handle), 0u);
    } else {
      EXPECT_DEATH((void)Known<Handle>::number(handle), Known<Handle>::kStops);
    }
  }
};

using Handles = testing::Types<Pool, Space, Snapshot, Accessor, Pin, Hold, HoldView, PageView, Ring,
                               File, Arena, ArenaPin, Commit>;
TYPED_TEST_SUITE(MovedFromDeathTest, Handles);

// NOLINTBEGIN(bugprone-use-after-move): that is the point

TYPED_TEST(MovedFromDeathTest, TellsOfItsUse) {
  Stage stage(this->pool);
  TypeParam first = Known<TypeParam>::make(stage, 3);
  const std::uint64_t number = Known<TypeParam>::number(first);
  TypeParam second = std::move(first);
  EXPECT_EQ(Known<TypeParam>::number(second), number);
  this->expect_moved_from(first);
}

TYPED_TEST(MovedFromDeathTest, CanBeAssignedTo) {
  Stage stage(this->pool);
  TypeParam first = Known<TypeParam>::make(stage, 3);
  TypeParam second = std::move(first);
  TypeParam third = Known<TypeParam>::make(stage, 4);
  const std::uint64_t number = Known<TypeParam>::number(third);
  first = std::move(third);
  EXPECT_EQ(Known<TypeParam>::number(first), number);
  this->expect_moved_from(third);
  third = std::move(second);
  second = std::move(third);  // one that was moved from twice
  this->expect_moved_from(third);
}

TYPED_TEST(MovedFromDeathTest, CanBeMovedFromAgain) {
  Stage stage(this->pool);
  TypeParam first = Known<TypeParam>::make(stage, 3);
  const TypeParam second = std::move(first);
  TypeParam third = std::move(first);
  this->expect_moved_from(third);
  TypeParam fourth = Known<TypeParam>::make(stage, 4);
  fourth = std::move(first);
  this->expect_moved_from(fourth);
}

TYPED_TEST(MovedFromDeathTest, IsNotWhatIsAssignedToItself) {
  Stage stage(this->pool);
  TypeParam handle = Known<TypeParam>::make(stage, 3);
  const std::uint64_t number = Known<TypeParam>::number(handle);
  TypeParam& same = handle;
  handle = std::move(same);
  EXPECT_EQ(Known<TypeParam>::number(handle), number);
  TypeParam moved = std::move(handle);
  handle = std::move(same);
  this->expect_moved_from(handle);
}

class MovedFromDeathTestOf : public OnAPool {};

// What a call would refuse, or have nothing to do for, stops the program too.
TEST_F(MovedFromDeathTestOf, ASpaceStopsBeforeAnArgumentIsLookedAt) {
  Stage stage(pool);
  Space space = stage.holding(1);
  const Space moved = std::move(space);
  EXPECT_DEATH((void)space.map(0), "use of a moved-from Space");
  EXPECT_DEATH((void)space.unmap(Address{1}, 1), "use of a moved-from Space");
  EXPECT_DEATH((void)space.pin(kAt, 0, PinAccess::read), "use of a moved-from Space");
  EXPECT_DEATH((void)space.hold(kAt, 0), "use of a moved-from Space");
  EXPECT_DEATH((void)space.read(kAt, {}), "use of a moved-from Space");
  EXPECT_DEATH((void)space.share(), "use of a moved-from Space");
  EXPECT_DEATH((void)space.accessor(), "use of a moved-from Space");
}

TEST_F(MovedFromDeathTestOf, AnAccessorStopsInEachOfItsWays) {
  Stage stage(pool);
  Accessor accessor = Known<Accessor>::make(stage, 1);
  const Accessor moved = std::move(accessor);
  EXPECT_DEATH((void)accessor.load<int>(Address{0}), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.load<int>(kAt + 1), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.store(kAt, 1), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.fetch_add(kAt, 1), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.read(kAt, {}), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.write(kAt, {}), "use of a moved-from Accessor");
  EXPECT_DEATH((void)accessor.pin(kAt, 0, PinAccess::read), "use of a moved-from Accessor");
}

TEST_F(MovedFromDeathTestOf, AnArgumentStopsTheProgramToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a child of fork(2) has no memory of ours
  Stage stage(pool);
  Pool empty = must(Pool::create(kPageSize));
  const Pool moved_pool = std::move(empty);
  EXPECT_DEATH((void)Space::create(empty), "use of a moved-from Pool");
  Snapshot snapshot = Known<Snapshot>::make(stage, 1);
  const Snapshot moved_snapshot = std::move(snapshot);
  EXPECT_DEATH((void)stage.space.rollback(snapshot), "use of a moved-from Snapshot");
  EXPECT_DEATH((void)diff(snapshot, moved_snapshot, [](PageRange) {}),
               "use of a moved-from Snapshot");
  EXPECT_DEATH(Snapshot(std::as_const(snapshot)), "use of a moved-from Snapshot");
  Commit commit = stage.arena.head();
  const Commit moved_commit = std::move(commit);
  EXPECT_DEATH((void)stage.arena.diff(commit, moved_commit, [](auto) {}),
               "use of a moved-from Commit");
}

// NOLINTEND(bugprone-use-after-move)

TEST(MovedFrom, IsNothingThatAHeapOrAQuiesceCanBe) {
  static_assert(std::is_trivially_copyable_v<Heap>, "copies mean the same heap, moved or not");
  static_assert(!std::is_move_constructible_v<Quiesce>);
  static_assert(!std::is_move_constructible_v<Quiesce::Worker>);
  static_assert(!std::is_move_constructible_v<Quiesce::Stopped>);
  static_assert(!std::is_copy_constructible_v<Space> && !std::is_copy_constructible_v<Pool>);
  static_assert(!std::is_copy_constructible_v<Pin> && !std::is_copy_constructible_v<Hold>);
  static_assert(!std::is_copy_constructible_v<PageView> && !std::is_copy_constructible_v<Arena>);
}

}  // namespace
}  // namespace cleave::detail
