// What stands behind a hold.
#pragma once

#include <cleave/units.h>

#include "frames/frames.h"
#include "sync/memory.h"
#include "table/table.h"

namespace cleave::detail {

/// Never changes once it is made.
struct HoldState {
  HoldState(Frames& pool, Address from, ByteCount bytes) noexcept
      : frames(pool), at(from), size(bytes) {
    frames.retain();
  }

  /// Without contents yet. nullptr: no memory.
  static HoldState* make(Frames& frames, Address at, ByteCount size) noexcept {
    return sync::make<HoldState>(frames, at, size);
  }
  /// Null: nothing. Cost: by what only this hold still held.
  static void end(HoldState* state) noexcept {
    if (state == nullptr || !state->frames.is_here()) return;
    Frames& pool = state->frames;
    state->table.drop(pool);
    sync::destroy(state);
    pool.release();
  }

  Frames& frames;
  Table table;
  const Address at;
  const ByteCount size;
};

}  // namespace cleave::detail
