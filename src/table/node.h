// Table nodes: counted, shared between spaces, copied by whoever writes below one that it does not
// own.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>

#include "frames/frames.h"
#include "table/entry.h"
#include "table/geometry.h"

namespace cleave::detail {

/// A node with more than one reference is immutable: it has no owner. With one reference it belongs
/// to whoever holds that reference, if that holder in turn is owned (table/ownership.h).
struct Node {
  explicit Node(unsigned at) : level(at) {}

  /// As FrameState::share_if_shared.
  [[nodiscard]] bool share_if_shared() noexcept {
    std::uint64_t count = references.load(sync::acquire);
    while (count != 1) {
      if (references.compare_exchange(count, count + 1, sync::acquire)) return true;
    }
    return false;
  }

  /// Gives up the caller's reference. True: it was the last, and the node, which may still count
  /// it, is the caller's to end.
  [[nodiscard]] bool drop() noexcept {
    // Alone, only the caller can change the count: no locked operation is needed.
    return references.load(sync::acquire) == 1 || references.fetch_sub(1, sync::acq_rel) == 1;
  }

  /// Entries of other nodes, spaces and snapshots that name this node. Raised by holders of a
  /// reference (relaxed: the new entry publishes), lowered with acq_rel, read with acquire by the
  /// ownership rule: who finds one has seen all that former holders did.
  sync::atomic<std::uint64_t> references{1};
  const unsigned level;
  /// Written by the one owner under its space's lock (release), read by threads inside a section
  /// without a lock (acquire) and by any thread once the node is shared. Threads inside a writing
  /// section may set hints in them (relaxed: a fork looks only after the section has ended).
  sync::atomic<Entry> entries[kFanout];
};

/// A node with one reference, the caller's, all entries absent. nullptr: no memory.
Node* make_node(unsigned level, Frames& frames) noexcept;

/// What is said where make_node() gave none.
[[gnu::cold]] Error no_memory_for_node() noexcept;

/// Adds a reference to what `entry` names, for a caller that holds one already. False: the entry is
/// a frame with too many references. Absent entries and nodes are always shared.
bool share(Entry entry, Frames& frames) noexcept;

/// All entries of `node` are about to be read.
void prefetch_entries(const Node& node) noexcept;

/// The counts of everything that `node` names are about to change.
void prefetch_counts_below(const Node& node, const Frames& frames) noexcept;

/// Gives up the caller's reference to what `entry` names; with the last one goes all that hangs
/// below. Cost: by what is freed.
void drop(Entry entry, Frames& frames) noexcept;

}  // namespace cleave::detail
