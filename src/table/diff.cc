#include "table/diff.h"

#include <algorithm>

#include "table/geometry.h"
#include "table/node.h"

namespace cleave::detail {
namespace {

// Joins adjacent pages into ranges.
class Ranges {
 public:
  explicit Ranges(function_ref<void(PageRange)> out) : out_(out) {}
  void page(PageNo page) {
    if (open_.end != page) {
      close();
      open_.first = page;
    }
    open_.end = page + 1;
  }
  void close() {
    if (open_.pages() != 0) out_(open_);
    open_ = {PageNo{0}, PageNo{0}};
  }

 private:
  function_ref<void(PageRange)> out_;
  PageRange open_{PageNo{0}, PageNo{0}};
};

// Both entries stand for the pages from `first` on, below an entry of a node at `level`.
void compare(Entry a, Entry b, unsigned level, PageNo first, Ranges& ranges) {
  if (without_hint(a) == without_hint(b)) return;
  if (level == 0) {
    ranges.page(first);
    return;
  }
  for (unsigned i = 0; i < kFanout; ++i) {
    const auto below = [i](Entry e) {
      return e == Entry::absent ? e : node_of(e)->entries[i].load(sync::acquire);
    };
    compare(below(a), below(b), level - 1, first + i * pages_per_entry(level - 1), ranges);
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
