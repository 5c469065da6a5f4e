#include "tests/host/operations.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstring>
#include <vector>

namespace cleave::detail {
namespace {

using namespace literals;

constexpr Address kOwn = kAt + 64_GiB;  // what maps, and is not told where

void write_to(Arena& arena, int value) {
  arena.mark_dirty(arena.data() + kPageSize, 2 * kPageSize);  // the first page is pinned
  std::memset(arena.data() + kPageSize, value, 2 * kPageSize);
}

void store(Handles& h) {
  Accessor accessor = must(h.space.accessor());
  for (std::uint64_t page = 1; page < 8; ++page) {
    must(accessor.store(kAt + page * kPageSize, page));
    (void)must(accessor.load<std::uint64_t>(kAt + page * kPageSize));
  }
  (void)must(accessor.fetch_add(kAt + kPageSize, 1));
}

void write(Handles& h) {
  std::vector<std::byte> bytes(2 * kPageSize, std::byte{3});
  must(h.space.write(kAt + kPageSize, bytes));
  must(h.space.read(kAt + kPageSize, bytes));
}

void fork(Handles& h) {
  Space child = must(h.space.fork());
  must(child.write(kAt + kPageSize, std::vector<std::byte>(kPageSize)));
}

void snapshot(Handles& h) {
  const Snapshot one = must(h.space.snapshot());
  Space branch = must(one.fork());
  must(branch.write(kAt, std::vector<std::byte>(kPageSize)));
  must(branch.rollback(h.before));
  must(diff(one, h.before, [](PageRange) {}));
}

void map(Handles& h) {
  Space own = must(Space::create(h.pool));
  must(own.map_at(kOwn, 64_KiB));
  must(own.write(kOwn + 4_KiB, std::vector<std::byte>(2 * kPageSize)));
  must(own.protect(kOwn, 4_KiB, Protection::read));
  must(own.discard(kOwn + 4_KiB, 4_KiB));
  must(own.unmap(kOwn, 8_KiB));
  own.for_each_region([](const Region&) {});
}

void pin(Handles& h) {
  Accessor accessor = must(h.space.accessor());
  const Pin one = must(accessor.pin(kAt + kPageSize, 3 * kPageSize, PinAccess::write));
  const Pin two = must(h.space.pin(kAt + kPageSize, 3 * kPageSize, PinAccess::read));
  const Hold hold = must(h.space.hold(kAt + kPageSize, 4 * kPageSize));
  (void)must(hold.view());
}

void make_a_pool(Handles& /*h*/) {
  Pool pool = must(Pool::create(8_MiB));
  Space space = must(Space::create(pool));
  must(space.map_at(kAt, kBytes));
  must(must(space.accessor()).store(kAt, 1));
}

void trim(Handles& h) {
  must(h.pool.reserve(2_MiB));
  (void)must(h.pool.trim());
  (void)h.pool.statistics();
}

void commit(Handles& h) {
  write_to(h.arena, 4);
  const Commit one = must(h.arena.commit("a step"));
  write_to(h.arena, 5);
  (void)must(h.arena.commit());
  must(h.arena.checkout(one));
  must(h.arena.diff(one, h.named, [](std::span<const std::byte>) {}));
  write_to(h.arena, 6);
  must(h.arena.changes([](std::span<const std::byte>) {}));
  must(h.arena.revert());
  (void)h.arena.forget("a step");
  must(h.arena.checkout(h.named));
}

void look_at_commits(Handles& h) {
  must(h.arena.for_each_commit([](const Commit& c, unsigned) { (void)c.parent(); }));
  const Commit head = h.arena.head();
  (void)h.arena.find("named");
  (void)h.arena.find("none");
  (void)h.arena.statistics();
}

void hold_in_the_arena(Handles& h) {
  const ArenaPin pin = must(h.arena.pin(h.arena.data() + kPageSize, kPageSize, PinAccess::write));
  const Hold hold = must(h.arena.hold(h.arena.data(), 2 * kPageSize));
}

void make_an_arena(Handles& h) {
  const Tracking tracking = h.arena.statistics().tracking;
  Arena arena = must(Arena::create(h.pool, 64_KiB, {.tracking = tracking}));
  arena.mark_dirty(arena.data(), 1);
  arena.data()[0] = std::byte{1};
  (void)must(arena.commit("one"));
}

void restore_an_arena(Handles& h) {
  auto arena = restored(h.pool);
  if (!arena) return;
  const auto page = [&](std::uint64_t number) {
    return reinterpret_cast<volatile char*>(arena->data() + number * kPageSize);
  };
  (void)*page(1);
  *page(2) = 3;
  (void)must(arena->fetch(arena->data() + 8 * kPageSize, 4 * kPageSize));
  const Commit one = must(arena->commit());
  *page(3) = 4;
  must(arena->revert());
}

void take_memory_over(Handles& h) {
  void* const at =
      mmap(nullptr, kBytes.value, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  {
    Arena one = must(Arena::create(h.pool, 64_KiB));
    Arena two = must(
        Arena::take_over(h.pool, {static_cast<std::byte*>(at), kBytes.value}, {.joins = &one}));
    one.data()[0] = two.data()[0] = std::byte{1};
    (void)must(two.commit());
    two.data()[0] = std::byte{2};
    must(one.revert());
  }
  (void)munmap(at, kBytes.value);
}

void try_trackings(Handles& /*h*/) {
  for (const Tracking tracking : trackings()) (void)try_tracking(tracking);
}

void transfer(Handles& h) {
  if (!h.ring) return;
  Ring ring = must(Ring::create(h.pool));
  const int file = h.file.descriptor();
  must(write_file(ring, h.space, kAt, file, 0, 4 * kPageSize));
  Space own = must(h.space.fork());
  must(read_file(ring, own, kAt, file, 0, 4 * kPageSize));
  (void)must(ring.start_read(own, kAt, file, 0, 4 * kPageSize));  // under way at the ring's end
}

void use_the_heap(Handles& h) {
  std::array<void*, 6> blocks{};
  std::uint64_t size = 24;
  for (void*& block : blocks) block = h.heap.allocate(size *= 5);  // the last is of whole pages
  blocks[2] = h.heap.reallocate(blocks[2], 5000);
  static std::atomic<void*> of_another{nullptr};
  h.heap.deallocate(of_another.exchange(h.heap.allocate(24)));
  for (void* block : blocks) h.heap.deallocate(block);
  (void)h.heap.statistics();
}

void use_c(Handles& h) {
  const OwnedByC<cleave_space, cleave_space_release> space(
      cleave_space_fork(h.c_space.get(), nullptr));
  const std::uint32_t value = 1;
  (void)cleave_space_write(space.get(), raw(kAt), &value, sizeof value, nullptr);
}

constexpr std::array kOperations{
    Operation{.name = "stores and loads", .run = store},
    Operation{.name = "writes and reads", .run = write},
    Operation{.name = "forks of a space", .run = fork},
    Operation{.name = "snapshots", .run = snapshot},
    Operation{.name = "regions", .run = map},
    Operation{.name = "pins and holds", .run = pin},
    Operation{.name = "pools", .run = make_a_pool},
    Operation{.name = "trimming", .run = trim},
    Operation{.name = "commits", .run = commit, .in_the_arena = true, .by_tracking = true},
    Operation{.name = "looks at commits", .run = look_at_commits, .by_tracking = true},
    Operation{.name = "pins and holds in the arena",
              .run = hold_in_the_arena,
              .in_the_arena = true,
              .by_tracking = true},
    Operation{.name = "arenas", .run = make_an_arena, .by_tracking = true},
    Operation{.name = "arenas that are restored", .run = restore_an_arena, .starts_a_thread = true},
    Operation{.name = "memory that is taken over", .run = take_memory_over},
    Operation{.name = "trials of tracking", .run = try_trackings},
    Operation{.name = "files", .run = transfer},
    Operation{.name = "the heap", .run = use_the_heap},
    Operation{.name = "the C interface", .run = use_c},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

}  // namespace cleave::detail
