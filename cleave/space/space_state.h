// What the handles of one space share.
#pragma once

#include <cstddef>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frames.h"
#include "cleave/space/audience.h"
#include "cleave/space/regions.h"
#include "cleave/sync/mutex.h"
#include "cleave/table/table.h"

namespace cleave {

/// A space lives until its last handle, the Space or an Accessor, lets go.
struct SpaceState {
  explicit SpaceState(Frames& pool) : frames(pool), regions(pool) {}

  /// Empty, one handle. nullptr: no memory.
  static SpaceState* make(Frames& frames) noexcept;
  void hold() noexcept { handles.add(1, sync::relaxed); }
  void let_go() noexcept;

  /// With the lock held: where `page` may be written, as its owner; others' translations are withdrawn
  /// as needed. Errors: not_mapped, not_permitted, no_memory; nothing that can be read has changed.
  Result<std::byte*> writable(PageNo page) { return owned(page, Protection::read_write); }
  /// The same for who overwrites the whole page at once: what it held need not be copied, if nobody can read
  /// there meanwhile.
  Result<std::byte*> replaceable(PageNo page) {
    return owned(page, Protection::read_write, Table::Contents::unneeded);
  }
  /// The same for a region that need not allow writing: a pin for reading owns its page too.
  Result<std::byte*> owned(PageNo page, Protection needed,
                           Table::Contents contents = Table::Contents::needed);
  /// With the lock held: where `page` may be read. Errors: not_mapped, not_permitted.
  Result<const std::byte*> readable(PageNo page);

  /// With the lock held. True if there is an audience to resume.
  void withdraw_writers() noexcept {
    if (audience != nullptr) audience->withdraw_writers();
  }
  void withdraw_everybody() noexcept {
    if (audience != nullptr) audience->withdraw_everybody(frames);
  }
  void resume() noexcept {
    if (audience != nullptr) audience->resume();
  }

  Frames& frames;
  /// Order of locks: a space's lock, then the pool's growth lock. Never two spaces' locks at once.
  sync::mutex lock;
  sync::atomic<std::uint32_t> handles{1};  // Space and accessors; the last one out ends the state
  /// Written with the lock held; read so too, or inside a section that found the write stamp even.
  Table table;
  /// As the table, but replaced only while everybody is withdrawn.
  Regions regions;
  /// Made with the first accessor, kept until the end. Guarded by the lock; accessors keep a copy.
  Audience* audience = nullptr;
};

}  // namespace cleave
