// What a fork shares, and what it copies. The space's lock is held and its writers are revoked: no
// page becomes pinned meanwhile, though pins may be released.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <cleave/detail/word.h>

#include "table/cut.h"
#include "table/table.h"

namespace cleave::detail {
namespace {

// The pages below `slot`, which starts at `first`. Hints under which nothing is pinned are cleared:
// the next fork need not look there.
PageNo find_pinned(sync::atomic<Entry>& slot, PageNo first, const Frames& frames) {
  const Entry entry = slot.load(sync::relaxed);
  if (!is_hinted(entry)) return kPageLimit;
  Node& node = *node_of(entry);
  PageNo found = kPageLimit;
  for (unsigned i = 0; i < kFanout; ++i) {
    const PageNo below = first + i * pages_per_entry(node.level);
    PageNo here = kPageLimit;
    if (node.level != 0) {
      here = find_pinned(node.entries[i], below, frames);
    } else if (const Entry leaf = node.entries[i].load(sync::relaxed);
               leaf != Entry::absent && frames.state(frame_of(leaf)).is_pinned()) {
      here = below;
    }
    found = std::min(found, here);
  }
  if (found == kPageLimit) slot.store(without_hint(entry), sync::relaxed);
  return found;
}

// The pages of one leaf that its fork cannot share. They are copied together, when all frames for
// them are at hand: a locked operation between two copies would wait until the first has left the
// processor, and the second could not begin before.
class Copies {
 public:
  // Error: what it lacks (frames/state/lack.h).
  Result<void> add(unsigned index, FrameId from, Frames& frames) {
    const std::byte* bytes = frames.reach(from);
    if (bytes == nullptr) return frames.lacks(from);
    from_[count_] = bytes;
    index_[count_++] = index;
    return {};
  }

  // Puts a copy of each into its place in `leaf`. Errors: as Frames::take(); nothing has changed.
  Result<void> make(Node& leaf, Frames& frames) {
    if (count_ == 0) return {};
    if (auto taken = take_frames(frames); !taken) return taken;
    frames.counters().copies.add(count_, sync::relaxed);
    for (std::size_t i = 0; i < count_; ++i) {
      sync::copy_page(frames.data(into_[i]), from_[i], kPageSize);
      // Published with the leaf itself.
      leaf.entries[index_[i]].store(entry_for(into_[i]), sync::relaxed);
    }
    return {};
  }

 private:
  Result<void> take_frames(Frames& frames) {
    const std::span<FrameId> all(into_.data(), count_);
    for (std::size_t taken = 0; taken < count_;) {
      const auto more = frames.take(all.subspan(taken));
      if (!more) {
        frames.give_back(all.first(taken));
        return tl::unexpected(more.error());
      }
      taken += *more;
    }
    return {};
  }

  std::size_t count_ = 0;
  std::array<unsigned, kFanout> index_;
  std::array<const std::byte*, kFanout> from_;
  std::array<FrameId, kFanout> into_;
};

// Fills `fork` with what it gets for the pages of `leaf` in `range`: shares of frames, or copies of
// those that are pinned, or shared as often as can be counted.
Result<void> fork_leaf(Node& fork, const Node& leaf, PageNo first, PageRange range,
                       Frames& frames) {
  Copies copies;
  for (unsigned i = 0; i < kFanout; ++i) {
    const Entry here = leaf.entries[i].load(sync::relaxed);
    if (here == Entry::absent || misses(range, first + i, 1)) continue;
    if (!frames.state(frame_of(here)).is_pinned() && share(here, frames)) {
      fork.entries[i].store(here, sync::relaxed);
    } else if (auto added = copies.add(i, frame_of(here), frames); !added) {
      return added;
    }
  }
  return copies.make(fork, frames);
}

Result<Entry> fork_node(Entry entry, PageNo first, PageRange range, Frames& frames);
Result<Entry> fork_apart(const Node& node, PageNo first, PageRange range, Frames& frames);

Result<void> fork_below(Node& fork, const Node& node, PageNo first, PageRange range,
                        Frames& frames) {
  const std::uint64_t pages = pages_per_entry(node.level);
  for (unsigned i = 0; i < kFanout; ++i) {
    const auto forked =
        fork_node(node.entries[i].load(sync::relaxed), first + i * pages, range, frames);
    if (!forked) return tl::unexpected(forked.error());
    fork.entries[i].store(*forked, sync::relaxed);
  }
  return {};
}

// What a fork gets for a node, of whose pages from `first` on it wants those in `range`: a share of
// the node where all are wanted and no hint says that one may be pinned; else a node of its own.
Result<Entry> fork_node(Entry entry, PageNo first, PageRange range, Frames& frames) {
  if (entry == Entry::absent) return entry;
  const Node& node = *node_of(entry);
  const std::uint64_t pages = pages_per_entry(node.level) * kFanout;
  if (misses(range, first, pages)) return Entry::absent;
  if (!is_hinted(entry) && !cuts(range, first, pages)) {
    (void)share(entry, frames);  // a node, which is never refused
    return entry;
  }
  return fork_apart(node, first, range, frames);
}

// Not in line: most forks share the root, and need none of the registers and none of the room.
[[gnu::noinline]] Result<Entry> fork_apart(const Node& node, PageNo first, PageRange range,
                                           Frames& frames) {
  Node* fork = make_node(node.level, frames);
  if (fork == nullptr) return tl::unexpected(no_memory_for_node());
  const auto filled = node.level == 0 ? fork_leaf(*fork, node, first, range, frames)
                                      : fork_below(*fork, node, first, range, frames);
  if (filled) return entry_for(fork);
  drop(entry_for(fork), frames);
  return tl::unexpected(filled.error());
}

}  // namespace

PageNo Table::first_pinned(const Frames& frames) noexcept {
  return find_pinned(root_, PageNo{0}, frames);
}

Result<void> Table::fork_from(Table& other, Frames& frames) {
  return fork_range_from(other, kAllPages, frames);
}

Result<void> Table::fork_range_from(Table& other, PageRange range, Frames& frames) {
  (void)other.first_pinned(frames);  // what hints are left, are left for a reason
  const auto forked = fork_node(other.root_.load(sync::relaxed), PageNo{0}, range, frames);
  if (!forked) return tl::unexpected(forked.error());
  root_.store(*forked, sync::release);
  return {};
}

}  // namespace cleave::detail
