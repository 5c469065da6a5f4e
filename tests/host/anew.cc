#include <array>
#include <cstdio>
#include <cstring>
#include <optional>

#include "tests/host/in_a_child.h"

namespace cleave::detail {
namespace {

using namespace literals;

bool is(bool holds, const char* what) {
  if (!holds) (void)std::fprintf(stderr, "in a child of fork(2), anew: %s is wrong\n", what);
  return holds;
}

bool branches(Pool& pool) {
  Space space = must(Space::create(pool));
  must(space.map_at(kAt, kBytes));
  Accessor accessor = must(space.accessor());
  must(accessor.store(kAt, 1));
  const Snapshot one = must(space.snapshot());
  Space fork = must(space.fork());
  must(accessor.store(kAt, 2));
  const Pin pin = must(accessor.pin(kAt, 8, PinAccess::write));
  const Hold hold = must(fork.hold(kAt, 8));
  int held = 0;
  must(hold.read(kAt, std::as_writable_bytes(std::span(&held, 1))));
  return is(must(accessor.load<int>(kAt)) == 2, "a load") &&
         is(must(one.load<int>(kAt)) == 1, "a snapshot") && is(held == 1, "a hold") &&
         is(pool.statistics().spaces == 2, "a statistic");
}

bool commits(Pool& pool, const ArenaOptions& options) {
  Arena arena = must(Arena::create(pool, 1_MiB, options));
  arena.mark_dirty(arena.data(), 1);
  arena.data()[0] = std::byte{1};
  const Commit one = must(arena.commit("one"));
  arena.mark_dirty(arena.data(), 1);
  arena.data()[0] = std::byte{2};
  const Commit two = must(arena.commit("two"));
  must(arena.checkout(*arena.find("one")));
  const bool back = arena.data()[0] == std::byte{1};
  must(arena.checkout(two));
  return is(back && arena.data()[0] == std::byte{2}, "a checkout") &&
         is(one.pages() == 1 && two.parent() == one, "a commit");
}

bool goes_on_with_what_exists(Pool& pool, const ArenaOptions& options) {
  auto arena = restored(pool);
  alignas(kPageSize) static std::array<std::byte, 4 * kPageSize> memory;
  memory[0] = std::byte{3};
  Arena taken = must(Arena::take_over(pool, memory, options));
  taken.mark_dirty(memory.data(), 1);
  memory[0] = std::byte{4};
  must(taken.revert());
  if (!is(memory[0] == std::byte{3}, "memory that was taken over")) return false;
  if (!arena) return true;
  if (!is(arena->data()[5 * kPageSize] == std::byte{1}, "a page that is restored")) return false;
  arena->data()[5 * kPageSize] = std::byte{2};
  return is(must(arena->commit()).pages() == 1, "a commit of what is restored");
}

}  // namespace

bool has_its_own(const ArenaOptions& options) {
  Pool pool = must(Pool::create(16_MiB));
  return branches(pool) && commits(pool, options) && goes_on_with_what_exists(pool, options) &&
         is(pool.statistics().used == 0, "what is left");
}

}  // namespace cleave::detail
