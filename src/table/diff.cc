#include "table/diff.h"

#include <algorithm>
#include <bit>
#include <cstdint>

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

Entry below(Entry node, unsigned i) {
  return node == Entry::absent ? node : node_of(node)->entries[i].load(sync::acquire);
}

// Of nodes of the lowest level, as bits: nearly all that a walk meets, so no call and no branch for
// each of their entries.
std::uint64_t differing(Entry a, Entry b) {
  static_assert(kFanout <= 64);
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < kFanout; ++i) {
    const bool differs = without_hint(below(a, i)) != without_hint(below(b, i));
    bits |= std::uint64_t{differs} << i;
  }
  return bits;
}

void compare_frames(Entry a, Entry b, PageNo first, Ranges& ranges) {
  for (std::uint64_t bits = differing(a, b); bits != 0;) {
    const int from = std::countr_zero(bits);
    const int count = std::countr_one(bits >> from);
    const PageNo begin = first + static_cast<std::uint64_t>(from);
    ranges.add({begin, begin + static_cast<std::uint64_t>(count)});
    if (from + count == 64) return;
    bits &= ~std::uint64_t{0} << (from + count);
  }
}

// Both entries stand for the pages from `first` on, below an entry of a node at `level`.
void compare(Entry a, Entry b, unsigned level, PageNo first, Ranges& ranges) {
  if (without_hint(a) == without_hint(b)) return;
  if (level == 0) return ranges.add({first, first + 1});
  if (level == 1) return compare_frames(a, b, first, ranges);
  for (unsigned i = 0; i < kFanout; ++i) {
    compare(below(a, i), below(b, i), level - 1, first + i * pages_per_entry(level - 1), ranges);
  }
}

unsigned height(Entry root) { return root == Entry::absent ? 0 : node_of(root)->level + 1; }

// Trees of different heights meet where the higher one has come down entry 0 to the lower one's
// top; what else the higher one has lies beyond the lower one's pages.
void compare_roots(Entry high, Entry low, Ranges& ranges) {
  if (high == Entry::absent || low == Entry::absent || height(high) == height(low)) {
    compare(high, low, std::max(height(high), height(low)), PageNo{0}, ranges);
    return;
  }
  const Node& top = *node_of(high);
  compare_roots(top.entries[0].load(sync::acquire), low, ranges);
  for (unsigned i = 1; i < kFanout; ++i) {
    compare(top.entries[i].load(sync::acquire), Entry::absent, top.level,
            PageNo{i * pages_per_entry(top.level)}, ranges);
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
