#include "table/node.h"

#include <array>
#include <cstddef>

#include <cleave/detail/word.h>

#include "sync/memory.h"

namespace cleave::detail {
namespace {

// Frees what nothing holds any more. Depth is bounded by the number of levels. Freed frames are
// gathered, and given back at once in the end.
class Freeing {
 public:
  explicit Freeing(Frames& frames) : frames_(frames) {}
  Freeing(const Freeing&) = delete;
  Freeing& operator=(const Freeing&) = delete;
  ~Freeing() { frames_.give(freed_); }

  void frame(FrameId frame) noexcept {
    if (frames_.state(frame).drop()) freed_.push(frame, frames_.links());
  }
  // Precondition: its last reference was given up.
  void below(Node* node) noexcept {
    prefetch_counts_below(*node, frames_);
    if (node->level == 0) {  // all entries are frames, and no others are
      for (const auto& entry : node->entries) {
        const FrameId here = frame_of(entry.load(sync::relaxed));
        if (here != kZeroFrame) frame(here);
      }
    } else {
      nodes_of(*node);
    }
    sync::destroy(node);
    frames_.counters().nodes.sub(1, sync::relaxed);
  }

 private:
  // All of them are let go before the first is looked into, so that those that end come from memory
  // together.
  void nodes_of(const Node& node) noexcept {
    std::array<Node*, kFanout> ended;
    std::size_t count = 0;
    for (const auto& entry : node.entries) {
      Node* child = node_of(entry.load(sync::relaxed));
      if (child == nullptr || !child->drop()) continue;
      prefetch_entries(*child);
      ended[count++] = child;
    }
    for (std::size_t i = 0; i < count; ++i) below(ended[i]);
  }

  Frames& frames_;
  FrameChain freed_;
};

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

void prefetch_entries(const Node& node) noexcept {
  constexpr std::size_t kLine = 64;
  const auto* bytes = reinterpret_cast<const std::byte*>(&node);
  for (std::size_t at = 0; at < sizeof(Node); at += kLine) sync::prefetch_for_read(bytes + at);
  sync::prefetch_for_read(bytes + sizeof(Node) - 1);
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
  if (entry == Entry::absent) return;
  Freeing freeing(frames);
  if (is_frame(entry)) {
    freeing.frame(frame_of(entry));
  } else if (Node* node = node_of(entry); node->drop()) {
    freeing.below(node);
  }
}

}  // namespace cleave::detail
