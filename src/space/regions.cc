#include "space/regions.h"

#include "base/fail.h"
#include "sync/memory.h"

namespace cleave::detail {

/// Immutable once built, but for the count.
struct RegionNode {
  RegionNode(const Region& r, RegionNode* l, RegionNode* h) : region(r), lower(l), higher(h) {}

  /// Raised by holders (relaxed), lowered with acq_rel.
  sync::atomic<std::uint64_t> references{1};
  const Region region;
  RegionNode* const lower;  // one reference each
  RegionNode* const higher;
};

namespace {

// A treap's shape hangs on random priorities. Ours come from the region's address, so that equal
// sets have equal shapes and nothing differs from run to run.
std::uint64_t priority(const Region& region) {
  std::uint64_t x = raw(region.pages.first) + 0x9e37'79b9'7f4a'7c15u;
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
  return x ^ (x >> 31);
}

RegionNode* share(RegionNode* node) {
  if (node != nullptr) node->references.add(1, sync::relaxed);
  return node;
}

void drop(RegionNode* node, PoolCounters& counters) {
  while (node != nullptr && node->references.fetch_sub(1, sync::acq_rel) == 1) {
    drop(node->lower, counters);
    RegionNode* higher = node->higher;
    sync::destroy(node);
    counters.regions.sub(1, sync::relaxed);
    node = higher;
  }
}

}  // namespace

/// Builds new trees out of old ones. Every function takes over the references that it is given and
/// gives out one of its own. An allocation that fails poisons the builder: from then on trees are
/// incomplete, and finish() refuses to give one out.
class Regions::Builder {
 public:
  explicit Builder(PoolCounters* counters) : counters_(counters) {}

  RegionNode* node(const Region& region, RegionNode* lower, RegionNode* higher) {
    if (auto* made = sync::make<RegionNode>(region, lower, higher)) {
      counters_->regions.add(1, sync::relaxed);
      return made;
    }
    out_of_memory_ = true;
    drop(lower, *counters_);
    drop(higher, *counters_);
    return nullptr;
  }

  /// Regions below `page`, and those from it on; a region across it is cut in two.
  std::pair<RegionNode*, RegionNode*> split(RegionNode* tree, PageNo page) {
    if (tree == nullptr) return {nullptr, nullptr};
    const Region region = tree->region;
    const auto [lower, higher] = open(tree);
    if (region.pages.end <= page) {
      auto [left, right] = split(higher, page);
      return {node(region, lower, left), right};
    }
    if (region.pages.first >= page) {
      // Of what lies between, the upper half of a region that was cut has a priority of its own,
      // which may be above this one's: so merge() says who comes first.
      auto [left, right] = split(lower, page);
      return {left, merge(right, node(region, nullptr, higher))};
    }
    const Region below{{region.pages.first, page}, region.protection};
    const Region above{{page, region.pages.end}, region.protection};
    return {node(below, lower, nullptr), merge(node(above, nullptr, nullptr), higher)};
  }

  /// All of `low` lies below all of `high`.
  RegionNode* merge(RegionNode* low, RegionNode* high) {
    if (low == nullptr) return high;
    if (high == nullptr) return low;
    if (priority(low->region) >= priority(high->region)) {
      const Region region = low->region;
      const auto [lower, higher] = open(low);
      return node(region, lower, merge(higher, high));
    }
    const Region region = high->region;
    const auto [lower, higher] = open(high);
    return node(region, merge(low, lower), higher);
  }

  /// merge(), with the two regions that meet made one if they touch and have one protection.
  RegionNode* join(RegionNode* low, RegionNode* high) {
    if (low == nullptr || high == nullptr) return merge(low, high);
    const Region left = highest(low);
    const Region right = lowest(high);
    if (left.pages.end != right.pages.first || left.protection != right.protection) {
      return merge(low, high);
    }
    auto [before, gone_left] = split(low, left.pages.first);
    auto [gone_right, after] = split(high, right.pages.end);
    drop(gone_left, *counters_);
    drop(gone_right, *counters_);
    const Region both{{left.pages.first, right.pages.end}, left.protection};
    return merge(merge(before, node(both, nullptr, nullptr)), after);
  }

  void discard(RegionNode* tree) { drop(tree, *counters_); }

  Result<Regions> finish(RegionNode* tree) {
    Regions built(counters_, tree);
    if (out_of_memory_) return fail(Errc::no_memory, "out of memory allocating a region");
    return built;
  }

  static Region lowest(const RegionNode* tree) {
    while (tree->lower != nullptr) tree = tree->lower;
    return tree->region;
  }
  static Region highest(const RegionNode* tree) {
    while (tree->higher != nullptr) tree = tree->higher;
    return tree->region;
  }

 private:
  // Trades the reference to a node for references to its children.
  std::pair<RegionNode*, RegionNode*> open(RegionNode* tree) {
    const std::pair children{share(tree->lower), share(tree->higher)};
    drop(tree, *counters_);
    return children;
  }

  PoolCounters* counters_;
  bool out_of_memory_ = false;
};

Regions::Regions(const Regions& other) noexcept
    : counters_(other.counters_), root_(share(other.root_.get())) {}

Regions::~Regions() { drop(root_.get(), *counters_); }

const Region* Regions::find(PageNo page) const noexcept {
  const RegionNode* node = root_.get();
  while (node != nullptr) {
    if (page < node->region.pages.first) {
      node = node->lower;
    } else if (page >= node->region.pages.end) {
      node = node->higher;
    } else {
      return &node->region;
    }
  }
  return nullptr;
}

const Region* Regions::first_from(PageNo page) const noexcept {
  const Region* best = nullptr;
  const RegionNode* node = root_.get();
  while (node != nullptr) {
    if (node->region.pages.end > page) {
      best = &node->region;
      node = node->lower;
    } else {
      node = node->higher;
    }
  }
  return best;
}

const Region* Regions::last() const noexcept {
  const RegionNode* node = root_.get();
  if (node == nullptr) return nullptr;
  while (node->higher != nullptr) node = node->higher;
  return &node->region;
}

void Regions::for_each(function_ref<void(const Region&)> visit) const {
  PageNo from{0};
  while (const Region* region = first_from(from)) {
    visit(*region);
    from = region->pages.end;
  }
}

Result<Regions> Regions::with_mapped(PageRange range, Protection protection) const {
  if (const Region* taken = first_from(range.first);
      taken != nullptr && taken->pages.first < range.end) {
    return fail(Errc::already_mapped, "a region is mapped there already; unmap it first",
                address_of(std::max(taken->pages.first, range.first)));
  }
  Builder build(counters_);
  auto [low, high] = build.split(share(root_.get()), range.first);
  RegionNode* fresh = build.node({range, protection}, nullptr, nullptr);
  return build.finish(build.join(build.join(low, fresh), high));
}

Result<Regions> Regions::with_unmapped(PageRange range) const {
  Builder build(counters_);
  auto [low, rest] = build.split(share(root_.get()), range.first);
  auto [gone, high] = build.split(rest, range.end);
  build.discard(gone);
  return build.finish(build.merge(low, high));
}

Result<Regions> Regions::with_protection(PageRange range, Protection protection) const {
  if (auto mapped = check(range, Protection::none); !mapped) return tl::unexpected(mapped.error());
  Builder build(counters_);
  auto [low, rest] = build.split(share(root_.get()), range.first);
  auto [gone, high] = build.split(rest, range.end);
  build.discard(gone);
  RegionNode* fresh = build.node({range, protection}, nullptr, nullptr);
  return build.finish(build.join(build.join(low, fresh), high));
}

Result<void> Regions::check(PageRange range, Protection protection) const {
  for (PageNo page = range.first; page < range.end;) {
    const Region* region = find(page);
    if (region == nullptr) {
      return fail(Errc::not_mapped, "no region is mapped there; map it first", address_of(page));
    }
    if (region->protection < protection) {
      return fail(Errc::not_permitted,
                  "the region's protection forbids this; protect() can allow it", address_of(page));
    }
    page = region->pages.end;
  }
  return {};
}

}  // namespace cleave::detail
