#include "table/node.h"

#include <cleave/detail/word.h>

#include "sync/memory.h"

namespace cleave::detail {
namespace {

// Depth is bounded by the number of levels. Freed frames are gathered and given back at once.
void drop_into(Entry entry, Frames& frames, FrameChain& freed) noexcept {
  if (entry == Entry::absent) return;
  if (is_frame(entry)) {
    const FrameId frame = frame_of(entry);
    if (frames.state(frame).drop()) freed.push(frame, frames.links());
    return;
  }
  Node* node = node_of(entry);
  if (node->references.load(sync::acquire) != 1 &&
      node->references.fetch_sub(1, sync::acq_rel) != 1) {
    return;
  }
  prefetch_counts_below(*node, frames);
  for (auto& below : node->entries) drop_into(below.load(sync::relaxed), frames, freed);
  sync::destroy(node);
  frames.counters().nodes.sub(1, sync::relaxed);
}

}  // namespace

void prefetch_counts_below(const Node& node, const Frames& frames) noexcept {
  for (const auto& entry : node.entries) {
    const Entry below = entry.load(sync::relaxed);
    if (is_frame(below)) {
      sync::prefetch_for_write(&frames.state(frame_of(below)));
    } else {
      sync::prefetch_for_write(node_of(below));  // harmless for an absent one
    }
  }
}

Node* make_node(unsigned level, Frames& frames) noexcept {
  Node* node = sync::make<Node>(level);
  if (node != nullptr) frames.counters().nodes.add(1, sync::relaxed);
  return node;
}

Error no_memory_for_node() noexcept {
  return {Errc::no_memory, "out of memory allocating a table node"};
}

bool share(Entry entry, Frames& frames) noexcept {
  if (entry == Entry::absent) return true;
  if (is_frame(entry)) return frames.state(frame_of(entry)).share();
  // 64 bits cannot overflow: each reference is an entry in memory somewhere.
  node_of(entry)->references.add(1, sync::relaxed);
  return true;
}

void drop(Entry entry, Frames& frames) noexcept {
  FrameChain freed;
  drop_into(entry, frames, freed);
  frames.give(freed);
}

}  // namespace cleave::detail
