#include "table/diff.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "table/geometry.h"
#include "table/node.h"

namespace cleave::detail {
namespace {

// Joins adjacent pages into ranges.
class Ranges {
 public:
  explicit Ranges(function_ref<void(PageRange)> out) : out_(out) {}
  void add(PageRange range) {
    if (open_.end != range.first) {
      close();
      open_.first = range.first;
    }
    open_.end = range.end;
  }
  void close() {
    if (open_.pages() != 0) out_(open_);
    open_ = {PageNo{0}, PageNo{0}};
  }

 private:
  function_ref<void(PageRange)> out_;
  PageRange open_{PageNo{0}, PageNo{0}};
};

// A node's; of an absent one none.
using Entries = const sync::atomic<Entry>*;
Entries entries_of(Entry node) { return node == Entry::absent ? nullptr : node_of(node)->entries; }
Entry entry_at(Entries entries, unsigned i) {
  return entries == nullptr ? Entry::absent : entries[i].load(sync::acquire);
}

static_assert(kFanout <= 64);

// As bits: a walk meets nodes that are nearly the same and nodes of which all differs, and each
// branch would be wrong as often as right. Frames' entries have no hint.
std::uint64_t differing_frames(Entries a, Entries b) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < kFanout; ++i) {
    bits |= std::uint64_t{entry_at(a, i) != entry_at(b, i)} << i;
  }
  return bits;
}

void compare_frames(Entry a, Entry b, PageNo first, Ranges& ranges) {
  for (std::uint64_t bits = differing_frames(entries_of(a), entries_of(b)); bits != 0;) {
    const int from = std::countr_zero(bits);
    const int count = std::countr_one(bits >> from);
    const PageNo begin = first + static_cast<std::uint64_t>(from);
    ranges.add({begin, begin + static_cast<std::uint64_t>(count)});
    if (from + count == 64) return;
    bits &= ~std::uint64_t{0} << (from + count);
  }
}

void prefetch_below(Entry node) {
  if (node != Entry::absent) prefetch_entries(*node_of(node));
}

// Two nodes at `level`, or one and an absent one, of the pages from `first` on. What is looked into
// next comes from memory meanwhile.
void compare(Entry a, Entry b, unsigned level, PageNo first, Ranges& ranges) {
  if (level == 0) return compare_frames(a, b, first, ranges);
  const Entries in_a = entries_of(a);
  const Entries in_b = entries_of(b);
  const auto look_into = [&](unsigned i) {
    compare(entry_at(in_a, i), entry_at(in_b, i), level - 1, first + i * pages_per_entry(level),
            ranges);
  };
  unsigned found = kFanout;
  for (unsigned i = 0; i < kFanout; ++i) {
    const Entry here_a = entry_at(in_a, i);
    const Entry here_b = entry_at(in_b, i);
    if (without_hint(here_a) == without_hint(here_b)) continue;
    if (found != kFanout) {
      prefetch_below(here_a);
      prefetch_below(here_b);
      look_into(found);
    }
    found = i;
  }
  if (found != kFanout) look_into(found);
}

unsigned height(Entry root) { return root == Entry::absent ? 0 : node_of(root)->level + 1; }

// Trees of different heights meet where the higher one has come down entry 0 to the lower one's
// top; what else the higher one has lies beyond the lower one's pages.
void compare_roots(Entry high, Entry low, Ranges& ranges) {
  if (without_hint(high) == without_hint(low)) return;
  if (high == Entry::absent || low == Entry::absent || height(high) == height(low)) {
    return compare(high, low, std::max(height(high), height(low)) - 1, PageNo{0}, ranges);
  }
  const Node& top = *node_of(high);
  compare_roots(top.entries[0].load(sync::acquire), low, ranges);
  for (unsigned i = 1; i < kFanout; ++i) {
    const Entry beyond = top.entries[i].load(sync::acquire);
    if (beyond == Entry::absent) continue;
    compare(beyond, Entry::absent, top.level - 1, PageNo{i * pages_per_entry(top.level)}, ranges);
  }
}

}  // namespace

void diff(Entry a, Entry b, function_ref<void(PageRange)> differs) {
  Ranges ranges(differs);
  if (height(a) < height(b)) std::swap(a, b);
  compare_roots(a, b, ranges);
  ranges.close();
}

}  // namespace cleave::detail
