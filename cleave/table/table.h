// The page table of a space: a radix tree of counted nodes whose height follows the highest page.
#pragma once

#include <cstdint>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/frames.h"
#include "cleave/sync/atomic.h"
#include "cleave/table/entry.h"
#include "cleave/table/retired.h"

namespace cleave {

/// One reference to a tree. Functions that change the tree need the space's lock; find() and
/// find_owned() need that, or a section, or that the tree belongs to a snapshot (then it never changes).
/// The tables of all spaces of a pool share nodes and frames.
class Table {
 public:
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// The frame behind `page`, the zero frame if absent. No lock, no allocation; one load a level.
  [[nodiscard]] FrameId find(PageNo page) const noexcept;

  /// The same frame if the ownership rule allows to write to it in place, else the zero frame.
  [[nodiscard]] FrameId find_owned(PageNo page, const Frames& frames) const noexcept;

  struct Owned {
    FrameId frame;
    bool moved;  ///< the page had another frame, or none, before: read translations of it are stale
    bool neighbours_moved =
        false;  ///< and so had other pages (their frames had too many references)
  };
  /// Makes the space the owner of `page`: copies what is shared on the path to it, gives an absent page
  /// a zeroed frame. The caller drops `retired`, when no reader is left. Error: no_memory; then nothing
  /// that can be read has changed (some nodes may have been copied already).
  Result<Owned> own(PageNo page, Frames& frames, Retired& retired);

  /// Makes the pages of `range` absent. No reader may be inside the space (they were withdrawn). Cost: by
  /// the nodes along the two ends of the range and by what is freed. Error: no_memory (a shared node
  /// reaches over an end and cannot be copied); nothing that can be read has changed.
  Result<void> clear(PageRange range, Frames& frames);

  /// Becomes a second reference to `other`'s tree. This table must be empty. O(1).
  void share(const Table& other, Frames& frames) noexcept;

  /// Lets go of the tree. Cost: by what is freed.
  void drop(Frames& frames) noexcept;

  /// Exchanges the trees. No reader may be inside either space.
  void swap(Table& other) noexcept;

  [[nodiscard]] Entry root() const noexcept { return root_.load(sync::acquire); }

 private:
  Result<void> grow_to(PageNo page, Frames& frames);

  /// A node, or absent. Written under the space's lock (release); read as the class says (acquire).
  sync::atomic<Entry> root_{Entry::absent};
};

}  // namespace cleave
