#include "table/validate.h"

#include "frames/away/merger.h"

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

// Without those that merging took.
std::uint64_t Recount::references_of_entries(FrameId frame) {
  const FrameState& state = frames_.state(frame);
  std::uint64_t merging = state.is_merged() ? 1 : 0;
  if (const Away* away = frames_.away()) merging += away->merger().sharers(frame);
  expect(state.references() >= merging, "a frame has fewer references than are merged with it");
  return state.references() - merging;
}

void Recount::note_merged(const Away& away, FrameId frame) {
  sharers_ += away.merger().sharers(frame);
  if (!frames_.state(frame).is_merged()) return;
  ++merged_;
  const FrameId with = away.whose(frame);
  if (with == kZeroFrame) return;
  ++with_[with];
  expect(frames_.state(with).references() != 0, "a frame is merged with one that is free");
}

void Recount::compare_merged(const Away& away) {
  std::uint64_t found = 0;
  for (const auto& [frame, sharers] : with_) {
    found += sharers;
    expect(away.merger().sharers(frame) == sharers, "a frame has other sharers than it counts");
  }
  expect(sharers_ == found, "a frame counts sharers, and has none");
  expect(frames_.statistics().merged == merged_, "the pool counts other frames as merged than are");
}

void Recount::compare() {
  if (wrong_ != nullptr) return;  // not all was visited
  for (const auto& [name, found] : found_) {
    const Entry entry{name};
    if (is_frame(entry)) {
      expect(references_of_entries(frame_of(entry)) == found.references,
             "a frame has not as many references as entries name it");
    } else {
      expect(node_of(entry)->references.load(sync::acquire) == found.references,
             "a node has not as many references as entries name it");
    }
  }
  const PoolStatistics s = frames_.statistics();
  const Away* const away = frames_.away();
  std::uint64_t used = 0;
  for (std::uint64_t i = 1; i <= last_; ++i) {
    const FrameId frame{static_cast<std::uint32_t>(i)};
    const bool named = frames_.state(frame).references() != 0;
    used += named || frames_.state(frame).is_pinned() ? 1 : 0;
    expect(!named || references_of_entries(frame) == 0 || found_.contains(raw(entry_for(frame))),
           "a frame is named by no entry");
    if (away != nullptr && named) note_merged(*away, frame);
  }
  if (away != nullptr) compare_merged(*away);
  expect(s.used + s.away + s.merged == used,
         "the pool counts other frames as used than have references or pins");
  expect(s.nodes == nodes_, "the pool counts other nodes than its tables have");
  expect(s.used + s.free + s.ready + s.returned + s.untouched == s.budget,
         "the pool's frames do not add up to its budget");
}

}  // namespace cleave::detail
