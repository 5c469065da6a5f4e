// One of each thing that a program can have of the library, as it has them when it forks.
#pragma once

#include <memory>
#include <optional>

#include <cleave/c.h>
#include <cleave/cleave.h>
#include <cleave/file.h>
#include <cleave/ring.h>

namespace cleave::detail {

inline constexpr Address kAt{std::uint64_t{16} << kPageBits};  // where the spaces have pages
inline constexpr std::uint64_t kPages = 64;
inline constexpr ByteCount kBytes{kPages << kPageBits};

/// Several threads may have an arena at such a place for a while; the one at place 0 lasts.
std::uint64_t another_place();
/// An arena of 64 pages of ones, none of which is there yet. Nothing: the kernel cannot.
std::optional<Arena> restored(const Pool& pool, std::uint64_t place = another_place());

template <auto release>
struct Release {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    release(handle);
  }
};
template <class Handle, auto release>
using OwnedByC = std::unique_ptr<Handle, Release<release>>;

struct Handles {
  /// Stops the program if something cannot be made.
  explicit Handles(const ArenaOptions& options);

  Pool pool;
  Space space;
  Accessor accessor;  // of the thread that made all this
  Accessor empty_handed;
  Snapshot before;
  Snapshot after;
  Hold hold;
  Pin pin;
  Arena arena;
  Arena taken_over;  // joins what `arena` remembers
  Commit first;
  Commit named;
  ArenaPin arena_pin;
  Hold arena_hold;
  std::optional<Arena> restored_arena;
  Heap heap;                 // in memory that a child has too
  File file;                 // as large as the pages of the space
  std::optional<Ring> ring;  // where the kernel has io_uring

  OwnedByC<cleave_pool, cleave_pool_release> c_pool;
  OwnedByC<cleave_space, cleave_space_release> c_space;
  OwnedByC<cleave_accessor, cleave_accessor_release> c_accessor;
  OwnedByC<cleave_snapshot, cleave_snapshot_release> c_snapshot;
  OwnedByC<cleave_hold, cleave_hold_release> c_hold;
  OwnedByC<cleave_pin, cleave_pin_release> c_pin;
  OwnedByC<cleave_arena, cleave_arena_release> c_arena;
  OwnedByC<cleave_commit, cleave_commit_release> c_commit;
};

}  // namespace cleave::detail
