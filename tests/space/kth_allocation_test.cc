// Every allocation of every operation fails once. What is documented must hold then: nothing has
// changed, the operation succeeds when repeated, and nothing has leaked.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "sync/memory.h"
#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

// Some regions, some contents, a snapshot that shares a part of them.
struct Scene {
  explicit Scene(Pool& of) : pool(of), space(must(Space::create(of))) {
    must(space.map_at(at_page(16), pages_of(40)));
    must(space.map_at(at_page(100), pages_of(40), Protection::read));
    must(space.map_at(at_page(5000), pages_of(40)));
    must(space.write(at_page(18, 100), patterned(20 * kPageSize, 1)));
    must(space.write(at_page(5010), patterned(5 * kPageSize, 2)));
    before.emplace(must(space.snapshot()));
    must(space.write(at_page(20), patterned(5 * kPageSize, 3)));
  }
  Pool& pool;
  Space space;
  std::optional<Snapshot> before;
  std::optional<Accessor> accessor;
  // What operations make stays until the scene ends.
  std::vector<Space> spaces;
  std::vector<Accessor> accessors;
};

struct Seen {
  std::vector<Region> regions;
  std::vector<Bytes> contents;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen look_at(const Space& space) {
  Seen look;
  look.regions = regions_of(space);
  for (const auto& region : look.regions) {
    look.contents.push_back(
        bytes_in(space, address_of(region.pages.first), region.pages.pages() * kPageSize));
  }
  return look;
}

using Operation = std::function<Result<void>(Scene&)>;

struct Case {
  const char* name;
  Operation prepare;
  Operation run;
  bool may_cost_nothing = false;  // succeeds without an allocation of its own
};

Result<void> nothing(Scene&) { return {}; }
template <class T>
Result<void> keep(Result<T> made, std::vector<T>& where) {
  if (!made) return tl::unexpected(made.error());
  where.push_back(std::move(*made));
  return {};
}
Result<void> without_value(auto&& result) {
  if (!result) return tl::unexpected(result.error());
  return {};
}
Result<void> make_accessor(Scene& s) {
  s.accessor.emplace(must(s.space.accessor()));
  return s.accessor->store<int>(at_page(20), 1);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"create", nothing, [](Scene& s) { return keep(Space::create(s.pool), s.spaces); }},
      {"map", nothing, [](Scene& s) { return without_value(s.space.map(pages_of(3))); }},
      {"map_at", nothing, [](Scene& s) { return s.space.map_at(at_page(60), pages_of(3)); }},
      {"map_at_between", nothing,
       [](Scene& s) { return s.space.map_at(at_page(56), pages_of(44), Protection::read); }},
      {"unmap", nothing, [](Scene& s) { return s.space.unmap(at_page(18), pages_of(7)); }},
      {"unmap_across_regions", nothing,
       [](Scene& s) { return s.space.unmap(at_page(30), pages_of(4980)); }},
      {"protect", nothing,
       [](Scene& s) { return s.space.protect(at_page(18), pages_of(7), Protection::read); }},
      {"discard", nothing, [](Scene& s) { return s.space.discard(at_page(5011), pages_of(2)); }},
      {"first_write", nothing, [](Scene& s) { return s.space.write(at_page(50), filled(1, 1)); }},
      {"first_write_far_away", [](Scene& s) { return s.space.map_at(kLastPage, kPageSize); },
       [](Scene& s) { return s.space.write(kLastPage, filled(1, 1)); }},
      {"write_to_a_shared_page", nothing,
       [](Scene& s) { return s.space.write(at_page(18, 5), filled(1, 1)); }},
      {"write_after_a_fork", [](Scene& s) { return keep(s.space.fork(), s.spaces); },
       [](Scene& s) { return s.space.write(at_page(5010, 5), filled(1, 1)); }},
      {"store_after_a_fork",
       [](Scene& s) {
         must(make_accessor(s));
         return keep(s.space.fork(), s.spaces);
       },
       [](Scene& s) { return s.accessor->store<int>(at_page(5010, 8), 1); }},
      {"fetch_add_on_an_absent_page", make_accessor,
       [](Scene& s) { return without_value(s.accessor->fetch_add<int>(at_page(50), 1)); }},
      {"accessor", nothing, [](Scene& s) { return keep(s.space.accessor(), s.accessors); }},
      {"second_accessor", make_accessor,
       [](Scene& s) { return keep(s.space.accessor(), s.accessors); }},
      {"fork", nothing, [](Scene& s) { return keep(s.space.fork(), s.spaces); }},
      {"fork_of_a_snapshot", nothing, [](Scene& s) { return keep(s.before->fork(), s.spaces); }},
      {"snapshot", nothing, [](Scene& s) { return without_value(s.space.snapshot()); }},
      {"rollback", nothing, [](Scene& s) { return s.space.rollback(*s.before); }, true},
      {"reserve", nothing, [](Scene& s) { return s.pool.reserve(pages_of(300)); }, true},
      {"trim", [](Scene& s) { return s.space.discard(at_page(20), pages_of(5)); },
       [](Scene& s) { return without_value(s.pool.trim()); }},
      {"diff", nothing,
       [](Scene& s) {
         const auto now = s.space.snapshot();
         if (!now) return Result<void>(tl::unexpected(now.error()));
         return diff(*s.before, *now, [](PageRange) {});
       },
       true},
  };
  return all;
}

class KthAllocation : public testing::TestWithParam<std::size_t> {
 protected:
  void TearDown() override { sync::fail_allocation(0); }
};

TEST_P(KthAllocation, FailsAndTheOperationHasChangedNothing) {
  const Case& operation = cases()[GetParam()];
  Pool pool = must(Pool::create(pages_of(2000)));
  std::uint64_t failures = 0;
  for (std::uint64_t k = 1;; ++k) {
    SCOPED_TRACE(testing::Message() << operation.name << ", allocation " << k);
    Scene scene(pool);
    must(operation.prepare(scene));
    const Seen before = look_at(scene.space);
    const auto spaces = pool.statistics().spaces;
    sync::fail_allocation(k);
    const auto done = operation.run(scene);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    expect_adds_up(pool);
    if (!struck) {
      ASSERT_TRUE(holds(done));
      break;
    }
    ++failures;
    if (!done) {  // an operation may get over it
      ASSERT_EQ(done.error().code, Errc::no_memory);
      ASSERT_EQ(look_at(scene.space), before);
      ASSERT_EQ(pool.statistics().spaces, spaces);
      ASSERT_TRUE(holds(operation.run(scene))) << "it does not succeed when repeated";
    }
    ASSERT_EQ(bytes_in(*scene.before, at_page(18, 100), 20 * kPageSize),
              patterned(20 * kPageSize, 1));
    ASSERT_LT(k, 1000u) << "it never succeeds";
  }
  EXPECT_TRUE(failures > 0 || operation.may_cost_nothing) << "no allocation of it failed";
  expect_nothing_left(pool);
}

INSTANTIATE_TEST_SUITE_P(Of, KthAllocation, testing::Range(std::size_t{0}, cases().size()),
                         [](const auto& chosen) { return cases()[chosen.param].name; });

TEST(KthAllocationOfAPool, LeavesNothingBehind) {
  for (std::uint64_t k = 1;; ++k) {
    sync::fail_allocation(k);
    auto pool = Pool::create(pages_of(100));
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    if (!struck) {
      ASSERT_TRUE(holds(pool));
      EXPECT_GT(k, 3u);
      break;
    }
    ASSERT_TRUE(fails_with(pool, Errc::no_memory));
  }
}

// Of pages that are written together, the one that lacks a frame is tried again by itself.
TEST(KthAllocationOfALongWrite, LeavesThePagesBeforeItWritten) {
  Pool pool = must(Pool::create(pages_of(2000)));
  const Bytes bytes = patterned(30 * kPageSize, 9);
  std::uint64_t got_over = 0;
  for (std::uint64_t k = 1;; ++k) {
    Scene scene(pool);
    const Bytes before = bytes_in(scene.space, at_page(16, 300), bytes.size());
    sync::fail_allocation(k);
    const auto done = scene.space.write(at_page(16, 300), bytes);
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    if (!struck) {
      ASSERT_TRUE(holds(done));
      break;
    }
    if (done) {
      ++got_over;
      ASSERT_EQ(bytes_in(scene.space, at_page(16, 300), bytes.size()), bytes) << "allocation " << k;
      continue;
    }
    ASSERT_TRUE(fails_with(done, Errc::no_memory));
    const auto served = static_cast<std::ptrdiff_t>((done.error().where - at_page(16, 300)).value);
    Bytes expected = before;
    std::copy(bytes.begin(), bytes.begin() + served, expected.begin());
    ASSERT_EQ(bytes_in(scene.space, at_page(16, 300), bytes.size()), expected)
        << "allocation " << k;
  }
  EXPECT_GT(got_over, 10u) << "each frame is an allocation";
}

// Without a backing no frame comes free meanwhile: what the memory is enough for is written.
TEST(ALongWriteIntoAPoolThatIsTooSmall, LeavesThePagesBeforeItWritten) {
  for (std::uint64_t budget = 1; budget < 20; ++budget) {
    Pool pool = must(Pool::create(pages_of(budget)));
    {
      Space space = must(Space::create(pool));
      must(space.map_at(at_page(16), pages_of(20)));
      const Bytes bytes = patterned(20 * kPageSize, 9);
      for (int again = 0; again < 2; ++again) {
        ASSERT_TRUE(
            fails_at(space.write(at_page(16), bytes), Errc::no_memory, at_page(16 + budget)));
        Bytes expected(bytes.size());
        std::copy_n(bytes.begin(), budget * kPageSize, expected.begin());
        ASSERT_EQ(bytes_in(space, at_page(16), bytes.size()), expected);
      }
    }
    expect_nothing_left(pool);
  }
}

}  // namespace
}  // namespace cleave::detail
