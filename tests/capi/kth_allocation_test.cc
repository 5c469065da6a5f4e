// Every allocation may fail, the one for the handle too: the caller gets NULL and no_memory, and
// nothing is left behind.
#include <functional>

#include "sync/memory.h"
#include "tests/capi/owned.h"

namespace cleave::c {
namespace {

namespace sync = detail::sync;

class CAllocations : public InC {
 protected:
  /// Calls `make` with the first allocation failing, then the second, until none does; what it
  /// makes is released.
  void fail_each(const std::function<bool(cleave_error*)>& make) {
    const cleave_pool_statistics before = figures();
    for (std::uint64_t k = 1;; ++k) {
      ASSERT_LT(k, 100u) << "allocations never end";
      sync::fail_allocation(k);
      const bool made = make(&error);
      const bool failed = sync::allocation_failed();
      sync::fail_allocation(0);
      if (!failed) {
        EXPECT_TRUE(made) << message(error);
        EXPECT_GT(k, 1u) << "nothing was allocated";
        return;
      }
      EXPECT_FALSE(made) << "with allocation " << k << " failing";
      EXPECT_EQ(error.code, CLEAVE_NO_MEMORY) << "with allocation " << k << " failing";
      const cleave_pool_statistics now = figures();
      EXPECT_EQ(now.spaces, before.spaces) << k;
      EXPECT_EQ(now.accessors, before.accessors) << k;
      EXPECT_EQ(now.short_pins + now.long_pins, before.short_pins + before.long_pins) << k;
    }
  }
  template <class Owned, class Make>
  auto making(Make make) {
    return [make](cleave_error* e) { return Owned(make(e)) != nullptr; };
  }

  OwnedSpace space{cleave_space_create(pool.get(), &error)};
  cleave_address at = 0;
};

TEST_F(CAllocations, MayFailWhereverAHandleIsMade) {
  fail_each(making<OwnedPool>([](cleave_error* e) { return cleave_pool_create(1 << 20, e); }));
  fail_each(
      making<OwnedSpace>([&](cleave_error* e) { return cleave_space_create(pool.get(), e); }));
  ok(cleave_space_map(space.get(), 4096, CLEAVE_READ_WRITE, &at, &error));
  ok(cleave_space_write(space.get(), at, "x", 1, &error));
  fail_each(making<OwnedSpace>([&](cleave_error* e) { return cleave_space_fork(space.get(), e); }));
  fail_each(making<OwnedSnapshot>(
      [&](cleave_error* e) { return cleave_space_snapshot(space.get(), e); }));
  fail_each(making<OwnedAccessor>(
      [&](cleave_error* e) { return cleave_accessor_create(space.get(), e); }));
  fail_each(making<OwnedPin>([&](cleave_error* e) {
    return cleave_space_pin(space.get(), at, 4096, CLEAVE_PIN_WRITE, CLEAVE_LONG_TERM, e);
  }));
  fail_each(making<OwnedHold>(
      [&](cleave_error* e) { return cleave_space_hold(space.get(), at, 4096, e); }));
  const OwnedSnapshot snapshot(cleave_space_snapshot(space.get(), &error));
  fail_each(making<OwnedSnapshot>(
      [&](cleave_error* e) { return cleave_snapshot_copy(snapshot.get(), e); }));
  fail_each(
      making<OwnedSpace>([&](cleave_error* e) { return cleave_snapshot_fork(snapshot.get(), e); }));
}

TEST_F(CAllocations, MayFailInArenas) {
  fail_each(making<OwnedArena>([&](cleave_error* e) {
    cleave_arena_options options{sizeof options, nullptr, CLEAVE_TRACKING_SOFTWARE, 0, nullptr};
    return cleave_arena_create(pool.get(), 1 << 20, &options, e);
  }));
  const OwnedArena arena(cleave_arena_create(pool.get(), 1 << 20, nullptr, &error));
  char* data = static_cast<char*>(cleave_arena_data(arena.get()));
  fail_each(making<OwnedCommit>([&](cleave_error* e) {
    data[0] = static_cast<char>(data[0] + 1);
    return cleave_arena_commit(arena.get(), nullptr, e);
  }));
  fail_each(
      making<OwnedCommit>([&](cleave_error* e) { return cleave_arena_head(arena.get(), e); }));
  fail_each(making<OwnedPin>([&](cleave_error* e) {
    return cleave_arena_pin(arena.get(), data, 1, CLEAVE_PIN_READ, CLEAVE_SHORT_TERM, e);
  }));
  fail_each(making<OwnedHold>(
      [&](cleave_error* e) { return cleave_arena_hold(arena.get(), data, 1, e); }));
  const OwnedCommit head(cleave_arena_head(arena.get(), &error));
  fail_each(
      making<OwnedCommit>([&](cleave_error* e) { return cleave_commit_copy(head.get(), e); }));
  fail_each(making<OwnedSnapshot>(
      [&](cleave_error* e) { return cleave_commit_snapshot(head.get(), e); }));
  const OwnedArena fresh(cleave_arena_create(pool.get(), 1 << 20, nullptr, &error));
  fail_each(making<OwnedHeap>([&](cleave_error* e) {
    return cleave_heap_create(cleave_arena_data(fresh.get()), 1 << 20, e);
  }));
  fail_each(making<OwnedHeap>([&](cleave_error* e) {
    return cleave_heap_open(cleave_arena_data(fresh.get()), 1 << 20, e);
  }));
}

TEST_F(CAllocations, LeaveNoCommitBehindWithoutAHandle) {
  const OwnedArena arena(cleave_arena_create(pool.get(), 1 << 20, nullptr, &error));
  for (std::uint64_t k = 1;; ++k) {
    ASSERT_LT(k, 100u);
    sync::fail_allocation(k);
    const OwnedCommit made(cleave_arena_commit(arena.get(), "name", &error));
    sync::fail_allocation(0);
    if (made != nullptr) break;
    const OwnedCommit head(cleave_arena_head(arena.get(), &error));
    ASSERT_EQ(cleave_commit_number(head.get()), 0u) << "with allocation " << k << " failing";
    ASSERT_EQ(cleave_arena_find(arena.get(), "name", &error), nullptr);
  }
}

}  // namespace
}  // namespace cleave::c
