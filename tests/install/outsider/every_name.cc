// An outsider's program that names all that the headers declare: if it links, each is there. The
// functions below are compiled, not called; main() has a few words with the library.
#include <array>
#include <cstdio>
#include <utility>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

void pools(Pool& pool) {
  pool = must(Pool::create(1_MiB));
  must(pool.reserve(4_KiB));
  must(pool.trim());
  std::printf("%lu\n", static_cast<unsigned long>(pool.statistics().budget));
}

void spaces(const Pool& pool, std::span<std::byte> bytes) {
  Space space = must(Space::create(pool));
  Space other = space.share();
  other = std::move(space);
  const Address at = must(other.map(64_KiB));
  must(other.map_at(at, 4_KiB, Protection::read));
  must(other.protect(at, 4_KiB, Protection::read_write));
  must(other.discard(at, 4_KiB));
  must(other.unmap(at, 4_KiB));
  other.for_each_region([](const Region& region) { (void)region.pages.pages(); });
  must(other.read(at, bytes));
  must(other.write(at, bytes));
  Snapshot before = must(other.snapshot());
  const Snapshot copy = before;
  before = copy;
  must(other.rollback(before));
  Space fork = must(other.fork());
  fork = must(before.fork());
  must(copy.read(at, bytes));
  (void)must(copy.load<int>(at));
  PageView page = must(copy.view(page_of(at)));
  PageView moved = std::move(page);
  page = std::move(moved);
  (void)page.bytes();
  copy.for_each_region([](const Region&) {});
  must(diff(before, copy, [](PageRange) {}));
}

void accessors(Space& space, Address at, std::span<std::byte> bytes) {
  Accessor accessor = must(space.accessor());
  Accessor other = std::move(accessor);
  accessor = std::move(other);
  must(accessor.store(at, 1));
  (void)must(accessor.load<int>(at));
  (void)must(accessor.fetch_add(at, 1));
  (void)must(accessor.compare_exchange(at, 1, 2));
  must(accessor.read(at, bytes));
  must(accessor.write(at, bytes));
  Pin pin = must(accessor.pin(at, 4_KiB, PinAccess::read));
  pin.release();
}

void pins(Space& space, Address at, std::span<std::byte> bytes) {
  Pin pin = must(space.pin(at, 4_KiB, PinAccess::write, PinTerm::long_term));
  Pin other = std::move(pin);
  pin = std::move(other);
  (void)pin.pool_offset(pin.pieces().front());
  Hold hold = must(space.hold(at, pin.size()));
  Hold another = std::move(hold);
  hold = std::move(another);
  HoldView view = must(hold.view());
  HoldView part = must(hold.view(hold.address(), hold.size()));
  view = std::move(part);
  HoldView moved = std::move(view);
  (void)moved.pieces();
  (void)moved.size();
  must(hold.read(at, bytes));
}

void files(const Pool& pool, Space& space, Address at) {
  File file = must(open_file("/dev/null", OpenMode::update, PageCache::bypass));
  File other = std::move(file);
  file = std::move(other);
  (void)file.is_direct();
  Ring ring = must(Ring::create(pool, {.depth = 2}));
  Ring moved = std::move(ring);
  ring = std::move(moved);
  const TransferId id = must(ring.start_read(space, at, file.descriptor(), 0, 4_KiB));
  (void)must(ring.start_write(space, at, file.descriptor(), 0, 4_KiB, Consistency::coherent));
  (void)ring.poll();
  (void)ring.wait();
  (void)must(ring.wait_for(id));
  (void)ring.cancel(id);
  (void)ring.in_flight();
  (void)ring.registered();
  (void)must(read_file(ring, space, at, file.descriptor(), 0, 4_KiB));
  (void)must(write_file(ring, space, at, file.descriptor(), 0, 4_KiB));
}

void arenas(const Pool& pool, const siginfo_t* fault) {
  Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = Tracking::automatic}));
  Arena other = std::move(arena);
  arena = std::move(other);
  const Commit commit = must(arena.commit("first"));
  must(arena.checkout(commit));
  must(arena.revert());
  (void)(arena.head() == arena.find("first"));
  (void)arena.forget("first");
  (void)trackings();
  must(arena.for_each_commit([](const Commit& each, unsigned) {
    std::printf("%s %lu %lu %d\n", each.name().data(), static_cast<unsigned long>(each.number()),
                static_cast<unsigned long>(each.pages()), each.parent().has_value());
  }));
  must(arena.changes([](std::span<const std::byte>) {}));
  must(arena.diff(commit, commit, [](std::span<const std::byte>) {}));
  arena.mark_dirty(arena.data(), arena.size());
  ArenaPin pin = must(arena.pin(arena.data(), 4_KiB, PinAccess::write));
  ArenaPin moved = std::move(pin);
  pin = std::move(moved);
  pin.release();
  Hold hold = must(arena.hold(arena.memory().data(), 4_KiB));
  (void)commit.snapshot();
  std::printf("%s %lu %d %d\n", arena.tracking_reason().c_str(),
              static_cast<unsigned long>(arena.statistics().commits), arena.contains(&arena),
              arena_fault(SIGSEGV, fault));
  must(try_tracking(tracking_named("async").value_or(Tracking::software)));
  std::puts(name(Tracking::sigbus));
}

void heaps(std::span<std::byte> memory) {
  Heap heap = must(Heap::create(memory));
  heap = must(Heap::open(memory));
  void* block = heap.allocate(16);
  block = heap.reallocate(block, 32);
  (void)heap.usable_size(block);
  (void)heap.contains(block);
  heap.deallocate(block);
  (void)heap.allocate_zeroed(64, 64);
  (void)heap.statistics();
  (void)heap.check();
  HeapResource resource(heap);
  std::pmr::memory_resource& any = resource;
  any.deallocate(any.allocate(16), 16);
  (void)any.is_equal(HeapResource(resource.heap()));
}

void quiescence(Quiesce& quiesce) {
  Quiesce::Worker worker(quiesce);
  worker.pause_point();
  { const Quiesce::Worker::Away away(worker); }
  { const Quiesce::Stopped stopped = quiesce.stop(worker); }
  const Quiesce::Stopped stopped = quiesce.stop();
}

void errors(const Error& error) {
  std::printf("%s %s\n", name(error.code), error.message().c_str());
  stop(error);
}

int main() {
  const Pool pool = must(Pool::create(1_MiB));
  Space parent = must(Space::create(pool));
  const Address at = must(parent.map(64_KiB));
  Accessor ours = must(parent.accessor());
  must(ours.store(at, 1));
  Space child = must(parent.fork());
  Accessor theirs = must(child.accessor());
  must(theirs.store(at, 2));
  const bool apart = must(ours.load<int>(at)) == 1 && must(theirs.load<int>(at)) == 2;
  std::puts(apart ? "two branches" : "one memory");
  return apart ? 0 : 1;
}
