#include "table/validate.h"

namespace cleave::detail {

void Recount::add(const Table& table) {
  const Entry root = table.root();
  expect(!is_frame(root), "a table's root is a frame");
  add(root);
}

void Recount::add(Entry held) {
  if (held != Entry::absent) (void)visit(held);
}

bool Recount::visit(Entry entry) {
  const auto [at, is_new] = found_.try_emplace(raw(without_hint(entry)));
  Found& found = at->second;  // stays where it is, whatever is added
  ++found.references;
  if (is_frame(entry)) {
    const FrameId frame = frame_of(entry);
    expect(frame != kZeroFrame, "an entry names the zero frame");
    expect(raw(frame) <= last_, "an entry names a frame beyond the pool");
    if (wrong_ == nullptr) found.pinned = frames_.state(frame).is_pinned();
    return found.pinned;
  }
  if (is_new) {
    ++nodes_;
    found.pinned = visit_below(*node_of(entry));
  }
  expect(!found.pinned || is_hinted(entry), "an entry above a pinned frame has no hint");
  return found.pinned;
}

bool Recount::visit_below(const Node& node) {
  bool pinned = false;
  for (const auto& slot : node.entries) {
    const Entry entry = slot.load(sync::acquire);
    if (entry == Entry::absent) continue;
    if (node.level == 0) {
      expect(is_frame(entry), "an entry of the lowest level names a node");
    } else {
      expect(!is_frame(entry), "an entry above the lowest level names a frame");
      if (!is_frame(entry)) {
        expect(node_of(entry)->level + 1 == node.level, "a node is not one level below its own");
      }
    }
    if (wrong_ != nullptr) break;
    pinned = visit(entry) || pinned;
  }
  return pinned;
}

void Recount::compare() {
  if (wrong_ != nullptr) return;  // not all was visited
  for (const auto& [name, found] : found_) {
    const Entry entry{name};
    if (is_frame(entry)) {
      expect(frames_.state(frame_of(entry)).references() == found.references,
             "a frame has not as many references as entries name it");
    } else {
      expect(node_of(entry)->references.load(sync::acquire) == found.references,
             "a node has not as many references as entries name it");
    }
  }
  const PoolStatistics s = frames_.statistics();
  std::uint64_t used = 0;
  for (std::uint64_t i = 1; i <= last_; ++i) {
    const FrameId frame{static_cast<std::uint32_t>(i)};
    const bool named = frames_.state(frame).references() != 0;
    used += named || frames_.state(frame).is_pinned() ? 1 : 0;
    expect(!named || found_.contains(raw(entry_for(frame))), "a frame is named by no entry");
  }
  expect(s.used + s.away == used,
         "the pool counts other frames as used than have references or pins");
  expect(s.nodes == nodes_, "the pool counts other nodes than its tables have");
  expect(s.used + s.free + s.ready + s.returned + s.untouched == s.budget,
         "the pool's frames do not add up to its budget");
}

}  // namespace cleave::detail
