// Every allocation of every operation of an arena fails once. What is documented must hold then:
// nothing has changed, the operation succeeds when repeated, and nothing has leaked.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "sync/memory.h"
#include "tests/support/on_a_pool.h"

namespace cleave::detail {
namespace {

using namespace literals;

constexpr std::uint64_t kPages = 1100;  // several table nodes, and blocks of a page table

// Two branches, the second with changes that are not committed.
struct Branches {
  Branches(Pool& of, Tracking tracking)
      : pool(of),
        arena(must(Arena::create(of, kPages * kPageSize, {.tracking = tracking}))),
        other(must(Arena::create(of, 64_KiB, {.tracking = tracking, .joins = &arena}))),
        first(arena.head()) {
    write_other('a');
    write(3, 'a');
    write(900, 'b');
    named.emplace(must(arena.commit("a name that is longer than a short string")));
    must(arena.checkout(first));
    write(3, 'c');
    write_other('c');
    must_hold.push_back(must(arena.commit()));
    write(40, 'd');
    write(1000, 'e');
    write_other('e');
  }
  void write_other(char what) {
    other.mark_dirty(other.data(), 1);
    other.data()[0] = static_cast<std::byte>(what);
  }
  void write(std::uint64_t page, char what) {
    std::byte* at = arena.data() + page * kPageSize;
    arena.mark_dirty(at, 1);
    *at = static_cast<std::byte>(what);
  }

  Pool& pool;
  Arena arena;
  Arena other;  // which shares its history
  Commit first;
  std::optional<Commit> named;
  std::vector<Commit> must_hold;
  // What operations make stays until they end.
  std::vector<ArenaPin> pins;
  std::vector<Hold> holds;
  std::vector<Arena> arenas;

  /// What a program may want to have in its history, and is its own again afterwards.
  alignas(kPageSize) inline static std::array<std::byte, 16 * kPageSize> existing{std::byte{'x'}};
};

/// All that an operation which fails must leave as it was.
struct Seen {
  std::string contents;
  std::uint64_t head;
  std::uint64_t living;
  std::uint64_t pins;
  bool has_new_name;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen look_at(const Branches& branches) {
  Seen look{};
  for (const std::uint64_t page : {3u, 40u, 900u, 1000u}) {
    look.contents += static_cast<char>(branches.arena.data()[page * kPageSize]);
  }
  look.contents += static_cast<char>(branches.other.data()[0]);
  look.contents += static_cast<char>(branches.existing[0]);
  look.head = branches.arena.head().number();
  const ArenaStatistics s = branches.arena.statistics();
  look.living = s.living;
  look.pins = s.short_pins + s.long_pins;
  look.has_new_name = branches.arena.find("another name longer than a short string").has_value();
  return look;
}

template <class T>
Result<void> keep(Result<T> made, std::vector<T>& where) {
  if (!made) return tl::unexpected(made.error());
  where.push_back(std::move(*made));
  return {};
}

struct Case {
  const char* name;
  std::function<Result<void>(Branches&)> run;
  bool may_cost_nothing = false;  // succeeds without an allocation of its own
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"commit", [](Branches& s) { return keep(s.arena.commit(), s.must_hold); }},
      {"commit_with_a_name",
       [](Branches& s) {
         return keep(s.arena.commit("another name longer than a short string"), s.must_hold);
       }},
      {"commit_with_a_payload",
       [](Branches& s) {
         const std::array<std::byte, 100> payload{};
         return keep(s.arena.commit({}, payload), s.must_hold);
       }},
      {"checkout", [](Branches& s) { return s.arena.checkout(*s.named); }, true},
      {"checkout_of_the_first", [](Branches& s) { return s.arena.checkout(s.first); }, true},
      {"revert", [](Branches& s) { return s.arena.revert(); }, true},
      {"changes", [](Branches& s) { return s.arena.changes([](auto) {}); }, true},
      {"diff", [](Branches& s) { return s.arena.diff(s.first, *s.named, [](auto) {}); }, true},
      {"pin",
       [](Branches& s) {
         return keep(s.arena.pin(s.arena.data(), 8192, PinAccess::write), s.pins);
       }},
      {"hold",
       [](Branches& s) { return keep(s.arena.hold(s.arena.data() + 40 * kPageSize, 1), s.holds); }},
      {"find",
       [](Branches& s) {
         EXPECT_TRUE(s.arena.find("a name that is longer than a short string"));
         return Result<void>{};
       },
       true},
      {"forget",
       [](Branches& s) {
         (void)s.arena.forget("a name that is longer than a short string");
         return Result<void>{};
       },
       true},
      {"for_each_commit",
       [](Branches& s) {
         std::uint64_t seen = 0;
         auto done = s.arena.for_each_commit([&](const Commit&, unsigned) { ++seen; });
         EXPECT_EQ(seen, done ? s.arena.statistics().living : 0) << "visited, and failed";
         return done;
       }},
      {"create",
       [](Branches& s) {
         return keep(Arena::create(s.pool, 64_KiB, {.tracking = s.arena.statistics().tracking}),
                     s.arenas);
       }},
      {"join",
       [](Branches& s) {
         return keep(Arena::create(s.pool, 64_KiB,
                                   {.tracking = s.arena.statistics().tracking, .joins = &s.arena}),
                     s.arenas);
       }},
      {"take_over_and_join",
       [](Branches& s) {
         return keep(
             Arena::take_over(s.pool, Branches::existing,
                              {.tracking = s.arena.statistics().tracking, .joins = &s.other}),
             s.arenas);
       }},
  };
  return all;
}

using Parameters = std::tuple<Tracking, std::size_t>;

class KthAllocationInAnArena : public testing::TestWithParam<Parameters> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(tracking()); !works) {
      GTEST_SKIP() << name(tracking()) << ": " << works.error().message();
    }
  }
  void TearDown() override { sync::fail_allocation(0); }
  static Tracking tracking() { return std::get<0>(GetParam()); }
};

TEST_P(KthAllocationInAnArena, FailsAndTheOperationHasChangedNothing) {
  const Case& operation = cases()[std::get<1>(GetParam())];
  Pool pool = must(Pool::create(64_MiB));
  std::uint64_t failures = 0;
  for (std::uint64_t k = 1;; ++k) {
    SCOPED_TRACE(testing::Message() << operation.name << ", allocation " << k);
    Branches branches(pool, tracking());
    const Seen before = look_at(branches);
    const PoolStatistics frames = pool.statistics();
    sync::fail_allocation(k);
    const auto done = operation.run(branches);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    expect_adds_up(pool);
    if (!struck) {
      ASSERT_TRUE(done) << done.error().message();
      break;
    }
    ++failures;
    if (!done) {  // an operation may get over it
      ASSERT_EQ(done.error().code, Errc::no_memory) << done.error().message();
      ASSERT_EQ(look_at(branches), before);
      ASSERT_EQ(pool.statistics().spaces, frames.spaces);
      ASSERT_EQ(pool.statistics().used, frames.used) << "frames are left over";
      const auto again = operation.run(branches);
      ASSERT_TRUE(again) << "it does not succeed when repeated: " << again.error().message();
    }
    ASSERT_LT(k, 1000u) << "it never succeeds";
  }
  EXPECT_TRUE(failures > 0 || operation.may_cost_nothing) << "no allocation of it failed";
  expect_nothing_left(pool);
}

std::string name_of(const testing::TestParamInfo<Parameters>& which) {
  return std::string(name(std::get<0>(which.param))) + '_' + cases()[std::get<1>(which.param)].name;
}

INSTANTIATE_TEST_SUITE_P(Of, KthAllocationInAnArena,
                         testing::Combine(testing::ValuesIn(trackings().begin(), trackings().end()),
                                          testing::Range(std::size_t{0}, cases().size())),
                         name_of);

// Automatic: what goes between two trackers measures both first.
TEST(KthAllocationOfAnAutomaticArena, LeavesNothingBehind) {
  Pool pool = must(Pool::create(64_MiB));
  for (const bool system_calls_write : {true, false}) {
    for (std::uint64_t k = 1;; ++k) {
      ASSERT_LT(k, 1000u) << "it never succeeds";
      sync::fail_allocation(k);
      const auto made = Arena::create(pool, 64_KiB, {.system_calls_write = system_calls_write});
      const bool struck = sync::allocation_failed();
      sync::fail_allocation(0);
      if (!struck) {
        ASSERT_TRUE(made) << made.error().message();
        break;
      }
      if (!made) {
        ASSERT_EQ(made.error().code, Errc::no_memory) << made.error().message();
      }
    }
    expect_nothing_left(pool);
  }
}

}  // namespace
}  // namespace cleave::detail
