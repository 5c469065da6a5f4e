// Which frame stands behind a page, looked up past every public door.
#pragma once

#include <cleave/hold.h>
#include <cleave/pin.h>
#include <cleave/pool.h>
#include <cleave/space.h>

namespace lab::engine {

/// The zero frame where there is none. No thread may be about.
cleave::FrameId frame_at(const cleave::Space& space, cleave::PageNo page);
cleave::FrameId frame_at(const cleave::Hold& hold, cleave::PageNo page);
/// Of its first piece.
cleave::FrameId frame_behind(const cleave::Pool& pool, const cleave::Pin& pin);
bool owns(const cleave::Space& space, cleave::PageNo page);
bool is_pinned(const cleave::Pool& pool, cleave::FrameId frame);
bool is_away(const cleave::Pool& pool, cleave::FrameId frame);
/// Whether the bytes of both are those of one frame.
bool are_one(const cleave::Pool& pool, cleave::FrameId one, cleave::FrameId other);
/// Has it go, if it can. Threads may be about. False: it stays.
bool evict(const cleave::Pool& pool, cleave::FrameId frame);
/// Makes them one, if they are equal and it can. Threads may be about. False: they stay two.
bool merge(const cleave::Pool& pool, cleave::FrameId frame, cleave::FrameId with);

}  // namespace lab::engine
