#include "tests/host/handles.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/support/far_below.h"

namespace cleave::detail {
namespace {

using namespace literals;

Space with_pages(Space space) {
  must(space.map_at(kAt, kBytes));
  must(space.write(kAt, std::vector<std::byte>(kBytes.value, std::byte{1})));
  return space;
}

Accessor used(Accessor accessor) {
  must(accessor.store(kAt, 1));
  (void)must(accessor.load<int>(kAt));
  return accessor;
}

// Never given back: who has it does not own it.
std::span<std::byte> own_memory() {
  constexpr std::size_t kSize = std::size_t{4} << 20;
  void* at = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) stop(Error{Errc::no_memory, "no memory for the test"});
  return {static_cast<std::byte*>(at), kSize};
}

// In no folder, so that nothing is left of it.
File file_with_bytes() {
  File file(memfd_create("cleave host", MFD_CLOEXEC));
  if (ftruncate(file.descriptor(), static_cast<off_t>(kBytes.value)) != 0) {
    stop(Error{Errc::io, "no file for the test"});
  }
  return file;
}

Arena written_to(Arena arena) {
  arena.mark_dirty(arena.data(), kBytes);
  std::memset(arena.data(), 1, kBytes.value);
  return arena;
}

std::optional<Ring> ring_where_there_is_one(const Pool& pool) {
  auto ring = Ring::create(pool);
  if (!ring) return std::nullopt;
  return std::move(*ring);
}

Arena joined(const Pool& pool, const Arena& arena, ArenaOptions options) {
  options.joins = &arena;
  return must(Arena::take_over(pool, own_memory(), options));
}

Snapshot restorable(const Pool& pool, std::uint64_t place) {
  const Address at{kFreePlace + place * kBytes.value};
  Space space = must(Space::create(pool));
  must(space.map_at(at, kBytes));
  must(space.write(at, std::vector<std::byte>(kBytes.value, std::byte{1})));
  return must(space.snapshot());
}

}  // namespace

std::uint64_t another_place() {
  static std::atomic<std::uint64_t> count{0};
  return 1 + count++ % 100'000;
}

std::optional<Arena> restored(const Pool& pool, std::uint64_t place) {
  auto made = Arena::restore(restorable(pool, place));
  if (!made && made.error().code == Errc::unsupported) return std::nullopt;
  return must(std::move(made));
}

Handles::Handles(const ArenaOptions& options)
    : pool(must(Pool::create(64_MiB))),
      space(with_pages(must(Space::create(pool)))),
      accessor(used(must(space.accessor()))),
      empty_handed(must(space.accessor())),
      before(must(space.snapshot())),
      after((must(accessor.store(kAt, 2)), must(space.snapshot()))),
      hold(must(space.hold(kAt, kBytes))),
      pin(must(space.pin(kAt, kPageSize, PinAccess::write))),
      arena(written_to(must(Arena::create(pool, 4_MiB, options)))),
      taken_over(joined(pool, arena, options)),
      first(arena.head()),
      named(must(arena.commit("named"))),
      arena_pin(must(arena.pin(arena.data(), kPageSize, PinAccess::write))),
      arena_hold(must(arena.hold(arena.data(), kPageSize))),
      restored_arena(restored(pool, 0)),
      heap(must(Heap::create(own_memory()))),
      file(file_with_bytes()),
      ring(ring_where_there_is_one(pool)),
      c_pool(cleave_pool_create(std::uint64_t{64} << 20, nullptr)),
      c_space(cleave_space_create(c_pool.get(), nullptr)),
      c_accessor(
          (cleave_space_map_at(c_space.get(), raw(kAt), kBytes.value, CLEAVE_READ_WRITE, nullptr),
           cleave_accessor_create(c_space.get(), nullptr))),
      c_snapshot((cleave_store32(c_accessor.get(), raw(kAt), 1, nullptr),
                  cleave_space_snapshot(c_space.get(), nullptr))),
      c_hold(cleave_space_hold(c_space.get(), raw(kAt), kPageSize, nullptr)),
      c_pin(cleave_space_pin(c_space.get(), raw(kAt), kPageSize, CLEAVE_PIN_WRITE, CLEAVE_LONG_TERM,
                             nullptr)),
      c_arena(cleave_arena_create(c_pool.get(), std::uint64_t{1} << 20, nullptr, nullptr)),
      c_commit(cleave_arena_commit(c_arena.get(), "named", nullptr)) {}

}  // namespace cleave::detail
