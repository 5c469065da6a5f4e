#include "table/table.h"

#include <algorithm>
#include <iterator>

#include <cleave/detail/word.h>

#include "base/fail.h"
#include "table/cut.h"

namespace cleave::detail {
namespace {

// The caller's reference to `shared` moves from the old frame to a copy of it.
Result<FrameId> copy_frame(FrameId shared, Frames& frames, Table::Contents contents) {
  const bool needed = contents == Table::Contents::needed;
  const std::byte* from = needed ? frames.reach(shared) : nullptr;
  if (needed && from == nullptr) return frames.lacks(shared);
  auto taken = frames.take();
  if (!taken) return tl::unexpected(taken.error());
  frames.counters().copies.add(1, sync::relaxed);
  // No thread writes to `shared` meanwhile: it has a second holder, or came from a node that has.
  if (needed) sync::copy_page(frames.data(taken->frame), from, kPageSize);
  return taken->frame;
}

// A copy of a shared node, whose children then have one more reference each. The counts go up while
// we still hold `shared`, and the caller lets go of it only later: in between, its other holder
// could otherwise find itself alone with it and, below it, alone with pages that we can still
// reach.
Result<Node*> copy_node(const Node& shared, Frames& frames) {
  prefetch_counts_below(shared, frames);
  Node* copy = make_node(shared.level, frames);
  if (copy == nullptr) return tl::unexpected(no_memory_for_node());
  for (unsigned i = 0; i < kFanout; ++i) {
    const Entry below = without_hint(shared.entries[i].load(sync::acquire));
    if (!share(below, frames)) {
      drop(entry_for(copy), frames);
      return fail(Errc::no_memory, "a page is shared as often as can be counted; drop some forks");
    }
    copy->entries[i].store(below, sync::relaxed);  // published with the copy itself
  }
  return copy;
}

// The node behind `slot`, owned. Precondition: the slot itself is owned.
Result<Node*> own_node(sync::atomic<Entry>& slot, unsigned level, Frames& frames,
                       Retired& retired) {
  const Entry entry = slot.load(sync::relaxed);  // written under the lock that we hold
  if (entry == Entry::absent) {
    Node* fresh = make_node(level, frames);
    if (fresh == nullptr) return tl::unexpected(no_memory_for_node());
    slot.store(entry_for(fresh), sync::release);
    return fresh;
  }
  Node* node = node_of(entry);
  if (Ownership().through(*node) || !node->share_if_shared()) return node;
  auto copy = copy_node(*node, frames);
  if (copy) {
    slot.store(entry_for(*copy), sync::release);
    retired.add(entry);
  }
  // Now that the children are counted twice, no table owns anything through the old node any more.
  drop(entry, frames);
  return copy;
}

// The frame behind `slot`, owned. Precondition: the slot itself is owned.
Result<Table::Owned> own_frame(sync::atomic<Entry>& slot, Frames& frames, Retired& retired,
                               Table::Contents contents) {
  const Entry entry = slot.load(sync::relaxed);
  if (entry == Entry::absent) {
    auto taken = frames.take();
    if (!taken) return tl::unexpected(taken.error());
    if (!taken->zeroed && contents == Table::Contents::needed) {
      sync::zero_page(frames.data(taken->frame), kPageSize);
    }
    frames.counters().zeroed.add(1, sync::relaxed);
    slot.store(entry_for(taken->frame), sync::release);
    return Table::Owned{taken->frame, true};
  }
  const FrameId frame = frame_of(entry);
  FrameState& state = frames.state(frame);
  const auto in_place = [&]() -> Result<Table::Owned> {
    if (frames.reach_for_writing(frame) == nullptr) return frames.lacks(frame);
    return Table::Owned{frame, false};
  };
  if (Ownership().through(state)) return in_place();
  // What is copied is seldom in the cache, nor is what has to be counted before. With a backing the
  // frame may be anywhere.
  if (contents == Table::Contents::needed && frames.away() == nullptr) {
    sync::prefetch_for_read(frames.data(frame));
  }
  const bool keep = sync::performs("copy.keep_shared");
  if (keep && !state.share_if_shared()) return in_place();
  auto copy = copy_frame(frame, frames, contents);
  if (!keep) (void)state.share();
  if (!copy) {
    drop(entry, frames);
    return tl::unexpected(copy.error());
  }
  slot.store(entry_for(*copy), sync::release);
  // Both references age: a thread that still stands at the old entry must not find itself the
  // owner.
  retired.add(entry);
  retired.add(entry);
  return Table::Owned{*copy, true};
}

}  // namespace

FrameId Table::find(PageNo page) const noexcept {
  const Node* node = node_of(root());
  if (node == nullptr || !covers(node->level, page)) return kZeroFrame;
  for (;;) {
    const Entry entry = node->entries[entry_index(page, node->level)].load(sync::acquire);
    if (node->level == 0) return frame_of(entry);
    node = node_of(entry);
    if (node == nullptr) return kZeroFrame;
  }
}

FrameId Table::find(PageNo page, Path<const Node>& path) const noexcept {
  const Node* node = path.towards(page);
  if (node == nullptr) {
    node = node_of(root());
    if (node == nullptr || !covers(node->level, page)) return kZeroFrame;
    path.add(*node);
  }
  for (;;) {
    const Entry entry = node->entries[entry_index(page, node->level)].load(sync::acquire);
    if (node->level == 0) return frame_of(entry);
    node = node_of(entry);
    if (node == nullptr) return kZeroFrame;
    path.add(*node);
  }
}

FrameId Table::find_owned(PageNo page, const Frames& frames) const noexcept {
  const Node* node = node_of(root());
  if (node == nullptr || !covers(node->level, page)) return kZeroFrame;
  for (Ownership owned; owned.through(*node);) {
    const Entry entry = node->entries[entry_index(page, node->level)].load(sync::acquire);
    if (entry == Entry::absent) return kZeroFrame;
    if (node->level == 0) {
      const FrameId frame = frame_of(entry);
      return owned.through(frames.state(frame)) ? frame : kZeroFrame;
    }
    node = node_of(entry);
  }
  return kZeroFrame;
}

Result<Node*> Table::own_leaf(PageNo page, Path<Node>& path, Frames& frames, Retired& retired) {
  Node* node = path.towards(page);
  if (node == nullptr) {
    if (auto grown = grow_to(page, frames); !grown) return tl::unexpected(grown.error());
    const auto root = own_node(root_, node_of(root_.load(sync::relaxed))->level, frames, retired);
    if (!root) return root;
    node = *root;
    path.add(*node);
  }
  while (node->level > 0) {
    sync::atomic<Entry>& slot = node->entries[entry_index(page, node->level)];
    const auto below = own_node(slot, node->level - 1, frames, retired);
    if (!below) return below;
    node = *below;
    path.add(*node);
  }
  return node;
}

Result<Table::Owned> Table::own(PageNo page, Frames& frames, Retired& retired, Contents contents) {
  Path<Node> path;
  const auto leaf = own_leaf(page, path, frames, retired);
  if (!leaf) return tl::unexpected(leaf.error());
  return own_frame((*leaf)->entries[entry_index(page, 0)], frames, retired, contents);
}

// Puts nodes on top until the tree has a place for `page`. The old root becomes entry 0 of the new
// one: its reference moves, no count changes, and a reader that still starts at the old root finds
// there all that it can name. Hints are set whether needed or not: a thread that pins may be
// setting them on the old root at this moment.
Result<void> Table::grow_to(PageNo page, Frames& frames) {
  for (;;) {
    const Entry top = root_.load(sync::relaxed);
    unsigned level = 0;
    if (top != Entry::absent) {
      level = node_of(top)->level;
      if (covers(level, page)) return {};
      ++level;
    } else {
      while (!covers(level, page)) ++level;
    }
    Node* higher = make_node(level, frames);
    if (higher == nullptr) return tl::unexpected(no_memory_for_node());
    if (top != Entry::absent) higher->entries[0].store(with_hint(top), sync::relaxed);
    root_.store(with_hint(entry_for(higher)), sync::release);
  }
}

namespace {

// First pass: own the nodes that reach over an end of the range. All that can fail happens here.
Result<void> own_cut_nodes(sync::atomic<Entry>& slot, PageNo first, PageRange range,
                           Frames& frames) {
  Retired retired;
  auto owned = own_node(slot, node_of(slot.load(sync::relaxed))->level, frames, retired);
  retired.drop_all(frames);
  if (!owned) return tl::unexpected(owned.error());
  Node& node = **owned;
  if (node.level == 0) return {};
  const std::uint64_t pages = pages_per_entry(node.level);
  for (unsigned i = 0; i < kFanout; ++i) {
    const PageNo below = first + i * pages;
    if (!cuts(range, below, pages) || node.entries[i].load(sync::relaxed) == Entry::absent)
      continue;
    if (auto done = own_cut_nodes(node.entries[i], below, range, frames); !done) return done;
  }
  return {};
}

bool is_empty(const Node& node) {
  return std::all_of(std::begin(node.entries), std::end(node.entries),
                     [](const auto& e) { return e.load(sync::relaxed) == Entry::absent; });
}

// Second pass: let go of what lies inside, and of nodes that are left with nothing.
void clear_inside(Node& node, PageNo first, PageRange range, Frames& frames) {
  const std::uint64_t pages = pages_per_entry(node.level);
  for (unsigned i = 0; i < kFanout; ++i) {
    const PageNo below = first + i * pages;
    const Entry entry = node.entries[i].load(sync::relaxed);
    if (entry == Entry::absent || misses(range, below, pages)) continue;
    if (cuts(range, below, pages)) {
      Node& cut = *node_of(entry);
      clear_inside(cut, below, range, frames);
      if (!is_empty(cut)) continue;
    }
    node.entries[i].store(Entry::absent, sync::release);
    detail::drop(entry, frames);
  }
}

}  // namespace

Result<void> Table::clear(PageRange range, Frames& frames) {
  if (range.pages() == 0) return {};
  const Entry top = root_.load(sync::relaxed);
  if (top == Entry::absent || !covers(node_of(top)->level, range.first)) return {};
  if (cuts(range, PageNo{0}, pages_per_entry(node_of(top)->level + 1))) {
    if (auto done = own_cut_nodes(root_, PageNo{0}, range, frames); !done) return done;
    Node& node = *node_of(root_.load(sync::relaxed));
    clear_inside(node, PageNo{0}, range, frames);
    if (!is_empty(node)) return {};
  }
  drop(frames);
  return {};
}

void Table::share(const Table& other, Frames& frames) noexcept {
  const Entry root = other.root();
  (void)detail::share(root, frames);  // a node, which is never refused
  root_.store(root, sync::release);
}

void Table::drop(Frames& frames) noexcept {
  const Entry root = root_.load(sync::relaxed);
  // First: a child of fork(2) that is made meanwhile must not find what is half gone.
  root_.store(Entry::absent, sync::relaxed);
  detail::drop(root, frames);
}

void Table::swap(Table& other) noexcept {
  const Entry mine = root_.load(sync::relaxed);
  root_.store(other.root_.load(sync::relaxed), sync::release);
  other.root_.store(mine, sync::release);
}

}  // namespace cleave::detail
