// What the handles of one space share.
#pragma once

#include <cstddef>

#include <cleave/error.h>
#include <cleave/units.h>

#include "frames/frames.h"
#include "frames/provided.h"
#include "space/accessor_list.h"
#include "space/regions.h"
#include "sync/mutex.h"
#include "table/table.h"

namespace cleave::detail {

/// A space lives until its last handle, the Space or an Accessor, lets go. A program may have
/// millions: what only some need is not in here.
struct SpaceState {
  explicit SpaceState(Frames& pool) : frames(pool), regions(pool) {}

  /// Empty, one handle. nullptr: no memory.
  static SpaceState* make(Frames& frames) noexcept;
  void retain() noexcept { handles.add(1, sync::relaxed); }
  void release() noexcept;

  /// As Frames::is_here(): asked before the lock is taken.
  [[nodiscard]] bool is_here() const noexcept { return frames.is_here(); }

  /// `step()` under the lock; where it lacks what cannot be had there, again once that is there.
  /// Each try must start anew.
  template <class Step>
  auto with_lock(Step step) {
    for (Provided provided(frames);;) {
      auto done = [&] {
        const sync::Guard guard(lock);
        return step();
      }();
      if (done || !provided.provide(done.error())) return done;
    }
  }

  // These may lack something; see frames/state/lack.h.

  /// Where `page` may be written, as its owner; others' translations are revoked as needed.
  /// Errors: not_mapped, not_permitted, no_memory; nothing that can be read has changed.
  Result<std::byte*> writable(PageNo page) CLEAVE_REQUIRES(lock) {
    return owned(page, Protection::read_write);
  }
  /// The same for who overwrites the whole page at once: what it held need not be copied, if no
  /// thread can read there meanwhile.
  Result<std::byte*> replaceable(PageNo page) CLEAVE_REQUIRES(lock) {
    return owned(page, Protection::read_write, Table::Contents::unneeded);
  }
  /// The same for a region that need not allow writing: a pin for reading owns its page too.
  Result<std::byte*> owned(PageNo page, Protection needed,
                           Table::Contents contents = Table::Contents::needed)
      CLEAVE_REQUIRES(lock);
  /// Where `page` may be read. Errors: not_mapped, not_permitted.
  Result<const std::byte*> readable(PageNo page) CLEAVE_REQUIRES(lock);
  /// As overwrite(), of the first at least.
  Result<std::size_t> overwrite_some(std::span<const Table::NewPage> pages) CLEAVE_REQUIRES(lock);

  /// Overwrites whole pages, no two the same, several under one lock. `written` is how many, also
  /// on an error. Errors: as writable(), of the first that is not written.
  Result<void> overwrite(std::span<const Table::NewPage> pages,
                         std::size_t& written) CLEAVE_UNCHECKED;

  void revoke_writers() noexcept CLEAVE_REQUIRES(lock) {
    if (accessors != nullptr) accessors->revoke_writers();
  }
  void revoke_all() noexcept CLEAVE_REQUIRES(lock) {
    if (accessors != nullptr) accessors->revoke_all(frames);
  }
  void resume() noexcept CLEAVE_REQUIRES(lock) {
    if (accessors != nullptr) accessors->resume();
  }

  Frames& frames;
  /// Order of locks: the pool's clock, its list of spaces, a space's lock, then the pool's growth
  /// lock and the backing's. Never two spaces' locks at once.
  sync::mutex lock;
  sync::atomic<std::uint64_t> handles{1};  // Space and accessors; the last one out ends the state
  /// Read also inside a section that found the write stamp even.
  Table table CLEAVE_GUARDED_BY(lock);
  /// As the table, but replaced only while all translations are revoked.
  Regions regions CLEAVE_GUARDED_BY(lock);
  /// Made with the first accessor, kept until the end. Accessors keep a reference to its stamps.
  AccessorList* accessors CLEAVE_GUARDED_BY(lock) CLEAVE_PT_GUARDED_BY(lock) = nullptr;
};

}  // namespace cleave::detail
