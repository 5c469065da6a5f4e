// Every call of the library that needs memory which a child of fork(2) does not have.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

#include "tests/host/in_a_child.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Refusals {
 public:
  template <class T>
  void expect(const Result<T>& result, const char* call) {
    if (!result && result.error().code == Errc::not_permitted) return;
    say(call, result ? "succeeded" : result.error().what);
  }
  void expect(cleave_code code, const char* call) {
    if (code != CLEAVE_NOT_PERMITTED) say(call, cleave_code_name(code));
  }
  void expect(bool holds, const char* call) {
    if (!holds) say(call, "is wrong");
  }
  [[nodiscard]] bool all() const { return all_; }

 private:
  void say(const char* call, const char* what) {
    all_ = false;
    (void)std::fprintf(stderr, "in a child of fork(2), %s: %s\n", call, what);
  }
  bool all_ = true;
};

#define REFUSED(call) refusals.expect(call, #call)

void of_a_pool(Handles& h, Refusals& refusals) {
  REFUSED(h.pool.reserve(1_MiB));
  REFUSED(h.pool.trim());
  REFUSED(h.pool.statistics().budget == 0);
  REFUSED(!h.pool.has_backing());
  REFUSED(Space::create(h.pool));
  REFUSED(Arena::create(h.pool, 1_MiB));
  REFUSED(Ring::create(h.pool));
}

void of_a_space(Handles& h, Refusals& refusals) {
  std::array<std::byte, 16> bytes{};
  Space same = h.space.share();
  REFUSED(same.map(1_MiB));
  REFUSED(h.space.map_at(kAt + 1_GiB, 1_MiB));
  REFUSED(h.space.unmap(kAt, kBytes));
  REFUSED(h.space.protect(kAt, kBytes, Protection::read));
  REFUSED(h.space.discard(kAt, kBytes));
  REFUSED(h.space.read(kAt, bytes));
  REFUSED(h.space.write(kAt, bytes));
  REFUSED(h.space.fork());
  REFUSED(h.space.snapshot());
  REFUSED(h.space.rollback(h.before));
  REFUSED(h.space.pin(kAt, 1, PinAccess::read));
  REFUSED(h.space.hold(kAt, 1));
  REFUSED(h.space.accessor());
  h.space.for_each_region([&](const Region&) { REFUSED(!"for_each_region"); });
}

void of_an_accessor(Accessor& a, Refusals& refusals) {
  std::vector<std::byte> bytes(3 * kPageSize);
  REFUSED(a.load<int>(kAt));
  REFUSED(a.load<int>(kAt + 2));
  REFUSED(a.load<std::uint64_t>(Address{0}));
  REFUSED(a.store(kAt, 1));
  REFUSED(a.store(kAt + 2, 1));
  REFUSED(a.store<std::uint64_t>(Address{0}, 1));
  REFUSED(a.fetch_add(kAt, 1));
  REFUSED(a.compare_exchange(kAt, 1, 2));
  REFUSED(a.pin(kAt, 1, PinAccess::read));
  REFUSED(a.read(kAt, bytes));
  REFUSED(a.write(kAt, bytes));
}

void of_what_never_changes(Handles& h, Refusals& refusals) {
  std::array<std::byte, 16> bytes{};
  const Snapshot same = h.before;
  REFUSED(same.read(kAt, bytes));
  REFUSED(same.load<int>(kAt));
  REFUSED(same.view(page_of(kAt)));
  REFUSED(same.fork());
  REFUSED(diff(h.before, h.after, [](PageRange) {}));
  int regions = 0;
  same.for_each_region([&](const Region&) { ++regions; });
  REFUSED(regions == 1);
  REFUSED(h.hold.read(kAt, bytes));
  REFUSED(h.hold.view());
  REFUSED(h.hold.view(kAt, 1));
  REFUSED(h.hold.address() == kAt);
  REFUSED(h.pin.size() == kPageSize);
  REFUSED(h.pin.pool_offset(h.pin.pieces().front()) > 0);
}

void of_an_arena(Handles& h, Refusals& refusals) {
  const auto visit = [](std::span<const std::byte>) {};
  REFUSED(h.arena.commit());
  REFUSED(h.arena.commit("another"));
  REFUSED(h.arena.checkout(h.first));
  REFUSED(h.arena.revert());
  REFUSED(h.arena.changes(visit));
  REFUSED(h.arena.diff(h.first, h.named, visit));
  REFUSED(h.arena.for_each_commit([](const Commit&, unsigned) {}));
  REFUSED(h.arena.pin(h.arena.data(), 1, PinAccess::read));
  REFUSED(h.arena.hold(h.arena.data(), 1));
  REFUSED(h.arena.contains(h.arena.data()));
  REFUSED(h.arena.head().number() > 0);
  REFUSED(!h.arena.find("named"));
  REFUSED(!h.arena.forget("named"));
  REFUSED(h.arena.statistics().commits == 0);
  REFUSED(!h.arena.tracking_reason().empty());
  h.arena.mark_dirty(h.arena.data(), kBytes);
  const Commit same = h.named;
  REFUSED(same == h.named && same.name() == "named" && same.pages() == kPages);
  REFUSED(!same.parent());
  REFUSED(same.snapshot().fork());
  REFUSED(h.arena_hold.view());
  REFUSED(h.arena_pin.size() == kPageSize);
}

void of_what_existed(Handles& h, Refusals& refusals) {
  REFUSED(h.taken_over.commit());
  REFUSED(h.taken_over.revert());
  REFUSED(h.taken_over.statistics().commits == 0);
  REFUSED(Arena::restore(h.before));
  if (!h.restored_arena) return;
  Arena& restored = *h.restored_arena;
  REFUSED(restored.fetch(restored.data(), kPageSize));
  REFUSED(restored.missing() == 0);
  REFUSED(restored.commit());
  REFUSED(restored.checkout(restored.head()));
  REFUSED(restored.pin(restored.data(), 1, PinAccess::read));
  restored.mark_dirty(restored.data(), kBytes);
}

// Whole or half changed, which is for the heap to say: each call returns.
void of_a_heap(Handles& h) {
  for (const std::uint64_t size : {16, 3000, 100'000}) h.heap.deallocate(h.heap.allocate(size));
  (void)h.heap.statistics();
  (void)h.heap.check();
  Heap again = must(Heap::open(h.heap.memory()));
  if (!again.check()) again.deallocate(again.allocate(100'000));
}

void of_a_ring(Handles& h, Refusals& refusals) {
  if (!h.ring) return;
  REFUSED(h.ring->start_read(h.space, kAt, h.file.descriptor(), 0, kBytes));
  REFUSED(h.ring->start_write(h.space, kAt, h.file.descriptor(), 0, kBytes));
  REFUSED(read_file(*h.ring, h.space, kAt, h.file.descriptor(), 0, kBytes));
  REFUSED(write_file(*h.ring, h.space, kAt, h.file.descriptor(), 0, kBytes));
  REFUSED(!h.ring->poll());
  REFUSED(!h.ring->wait());
  REFUSED(h.ring->wait_for(TransferId{1}));
  REFUSED(!h.ring->cancel(TransferId{1}));
  (void)h.ring->in_flight();
  (void)h.ring->registered();
}

void of_c(Handles& h, Refusals& refusals) {
  cleave_pool_statistics pool{};
  pool.size = sizeof pool;
  cleave_error error{};
  std::uint32_t value = 0;
  REFUSED(cleave_pool_reserve(h.c_pool.get(), 4096, nullptr));
  REFUSED(cleave_pool_trim(h.c_pool.get(), nullptr, nullptr));
  REFUSED(cleave_pool_get_statistics(h.c_pool.get(), &pool, nullptr) == CLEAVE_OK);
  REFUSED(cleave_space_create(h.c_pool.get(), &error) == nullptr);
  REFUSED(error.code);
  REFUSED(cleave_space_discard(h.c_space.get(), raw(kAt), kPageSize, nullptr));
  REFUSED(cleave_space_fork(h.c_space.get(), nullptr) == nullptr);
  REFUSED(cleave_space_rollback(h.c_space.get(), h.c_snapshot.get(), nullptr));
  REFUSED(cleave_load32(h.c_accessor.get(), raw(kAt), &value, nullptr));
  REFUSED(cleave_store32(h.c_accessor.get(), raw(kAt), value, nullptr));
  REFUSED(cleave_accessor_read(h.c_accessor.get(), raw(kAt), &value, sizeof value, nullptr));
  REFUSED(cleave_snapshot_read(h.c_snapshot.get(), raw(kAt), &value, sizeof value, nullptr));
  REFUSED(cleave_hold_read(h.c_hold.get(), raw(kAt), &value, sizeof value, nullptr));
  REFUSED(cleave_arena_commit(h.c_arena.get(), nullptr, nullptr) == nullptr);
  REFUSED(cleave_arena_checkout(h.c_arena.get(), h.c_commit.get(), nullptr));
  REFUSED(cleave_arena_find(h.c_arena.get(), "named", nullptr) == nullptr);
}

}  // namespace

bool every_call_refuses(Handles& handles) {
  Refusals refusals;
  of_a_pool(handles, refusals);
  of_a_space(handles, refusals);
  of_an_accessor(handles.accessor, refusals);
  of_an_accessor(handles.empty_handed, refusals);
  of_what_never_changes(handles, refusals);
  of_an_arena(handles, refusals);
  of_what_existed(handles, refusals);
  of_a_heap(handles);
  of_a_ring(handles, refusals);
  of_c(handles, refusals);
  return refusals.all();
}

}  // namespace cleave::detail
