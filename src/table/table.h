// The page table of a space: a radix tree of counted nodes whose height follows the highest page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <cleave/backing.h>
#include <cleave/detail/atomic.h>
#include <cleave/error.h>
#include <cleave/units.h>

#include "frames/frames.h"
#include "table/entry.h"
#include "table/node.h"
#include "table/ownership.h"
#include "table/path.h"
#include "table/retired.h"

namespace cleave::detail {

/// One reference to a tree. Functions that change the tree need the space's lock; find() and
/// find_owned() need that, or a section, or that the tree belongs to a snapshot (then it never
/// changes). The tables of all spaces of a pool share nodes and frames.
class Table {
 public:
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// The frame behind `page`, the zero frame if absent. No lock, no allocation; one load a level.
  [[nodiscard]] FrameId find(PageNo page) const noexcept;
  /// The same in a snapshot's tree, by a thread that looks for one page after another.
  [[nodiscard]] FrameId find(PageNo page, Path<const Node>& path) const noexcept;

  /// The same frame if the ownership rule allows to write to it in place, else the zero frame.
  [[nodiscard]] FrameId find_owned(PageNo page, const Frames& frames) const noexcept;

  struct Owned {
    FrameId frame;
    bool moved;  ///< the page had another frame, or none, before: read translations of it are stale
  };
  /// Makes the space the owner of `page`: copies what is shared on the path to it, gives an absent
  /// page a zeroed frame. The caller drops `retired`, when no reader is left. Errors: no_memory,
  /// or what it lacks (frames/state/lack.h); then nothing that can be read has changed (some nodes
  /// may have been copied already). With `Contents::unneeded` the caller overwrites the whole page
  /// before any thread can read it, and a shared page's bytes are not copied.
  enum class Contents : std::uint8_t { needed, unneeded };
  Result<Owned> own(PageNo page, Frames& frames, Retired& retired,
                    Contents contents = Contents::needed);

  /// A page, and the bytes that it is to hold.
  struct NewPage {
    PageNo page;
    const std::byte* bytes;
  };
  static constexpr std::size_t kMostNewPages = 16;
  /// Makes `pages` what their bytes are: one at least, kMostNewPages at most, no two the same. No
  /// reader may be inside the space. How many of them, in order: as far as nodes and frames are at
  /// hand. Errors, of the first page alone: as own(); nothing that can be read has changed.
  Result<std::size_t> replace(std::span<const NewPage> pages, Frames& frames);

  /// Makes pages of `range` what the pool's backing has at `places`, as many; where that is none
  /// the page stays absent. No reader may be inside the space (they were revoked). Cost: by the
  /// pages; nothing is read. Errors: already_mapped (where: the first page that has contents),
  /// no_memory; nothing that can be read has changed.
  Result<void> adopt(PageRange range, std::span<const Backing::Place> places, Frames& frames);

  /// Makes the pages of `range` absent. No reader may be inside the space (they were revoked).
  /// Cost: by the nodes along the two ends of the range and by what is freed. Error: no_memory (a
  /// shared node reaches over an end and cannot be copied); nothing that can be read has changed.
  Result<void> clear(PageRange range, Frames& frames);

  /// Counts a pin on each page from `range.first` on, until one is not owned or the end of its node
  /// or of the range is reached, and calls `pinned(frame)` for each. Sets the hints. Lock, or a
  /// writing section. The result says why it stopped short; `ok` at the end of the node or range.
  enum class Stop : std::uint8_t { ok, not_owned, too_many, away };
  template <class Pinned>
  Stop pin_owned(PageRange range, PinAccess access, Frames& frames, Pinned pinned) noexcept;

  /// Takes over what `other` holds: shares all of it but the pinned pages, which are copied, with
  /// the nodes on the way to them. Writers must be revoked from `other`. This table must be empty.
  /// O(1) where nothing was pinned since the last look, else by the pinned pages. Error: no_memory;
  /// nothing has changed.
  Result<void> fork_from(Table& other, Frames& frames);

  /// The same for the pages of `range` only. Cost: by the nodes along its two ends and by what is
  /// pinned.
  Result<void> fork_range_from(Table& other, PageRange range, Frames& frames);

  /// The first pinned page; kPageLimit if there is none. Writers must be revoked. Clears stale
  /// hints.
  [[nodiscard]] PageNo first_pinned(const Frames& frames) noexcept;

  /// Becomes a second reference to the tree of `other`, which has no pins (a snapshot's). This
  /// table must be empty. O(1).
  void share(const Table& other, Frames& frames) noexcept;

  /// Lets go of the tree. Cost: by what is freed.
  void drop(Frames& frames) noexcept;

  /// Exchanges the trees. No reader may be inside either space.
  void swap(Table& other) noexcept;

  [[nodiscard]] Entry root() const noexcept { return root_.load(sync::acquire); }

 private:
  // Another thread may change the slot meanwhile: set its own hint, or put a higher root there. A
  // hint too many does no harm. relaxed: who reads it acquires what was released with the entry, as
  // an exchange goes on with that; a fork looks for hints only when the section has ended.
  static void set_hint(sync::atomic<Entry>& slot, Entry entry) noexcept {
    while (!is_hinted(entry) && !slot.compare_exchange(entry, with_hint(entry), sync::relaxed)) {
    }
  }
  Result<void> grow_to(PageNo page, Frames& frames);
  /// The node whose entry is `page`, owned, as is all of `path`.
  Result<Node*> own_leaf(PageNo page, Path<Node>& path, Frames& frames, Retired& retired);

  /// A node, or absent. Written under the space's lock (release); read as the class says (acquire).
  sync::atomic<Entry> root_{Entry::absent};
};

template <class Pinned>
Table::Stop Table::pin_owned(PageRange range, PinAccess access, Frames& frames,
                             Pinned pinned) noexcept {
  sync::atomic<Entry>* slot = &root_;
  Entry entry = slot->load(sync::acquire);
  if (entry == Entry::absent || !covers(node_of(entry)->level, range.first)) return Stop::not_owned;
  for (Ownership owned;;) {
    Node& node = *node_of(entry);
    if (!owned.through(node)) return Stop::not_owned;
    if (sync::performs("pin.hint")) set_hint(*slot, entry);
    if (node.level == 0) {
      unsigned i = entry_index(range.first, 0);
      // Loads wait for the locked operation before them, and a page has one each.
      if (range.pages() >= kFanout / 2) prefetch_entries(node);
      for (std::uint64_t left = range.pages(); left != 0 && i < kFanout; --left, ++i) {
        const Entry leaf = node.entries[i].load(sync::acquire);
        if (leaf == Entry::absent) return Stop::not_owned;
        switch (frames.state(frame_of(leaf)).pin(access)) {
          case FrameState::PinResult::pinned:
            break;
          case FrameState::PinResult::not_owned:
            return Stop::not_owned;
          case FrameState::PinResult::too_many:
            return Stop::too_many;
          case FrameState::PinResult::away:
            return Stop::away;
        }
        pinned(frame_of(leaf));
      }
      return Stop::ok;
    }
    slot = &node.entries[entry_index(range.first, node.level)];
    entry = slot->load(sync::acquire);
    if (entry == Entry::absent) return Stop::not_owned;
  }
}

}  // namespace cleave::detail
