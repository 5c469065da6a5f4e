#include "lab/explore/memory/strong_order.h"

#include <algorithm>

#include "lab/portable/ranges.h"

namespace lab::explore {

bool StrongOrder::knows_fence(const View& view, const Node& fence) {
  return ranges::any_of(fence.at, [&](const auto& at) { return view.knows(at.first, at.second); });
}

// scb, or a fence and hb before it, that ends at an access which is added as the last of its
// thread.
bool StrongOrder::leads_to_access(const Node& node, const MemoryEvent& access, const View& before,
                                  std::uint32_t rank) const {
  const std::vector<EventNumber>& there = locations_[access.location].events;
  if (node.fence) {
    if (knows_fence(before, node)) return true;
    return ranges::any_of(there, [&](EventNumber number) {
      const MemoryEvent& y = events_[number];
      const bool ordered = knows(access.view, y) || (access.writes && explore::rank(y) < rank);
      return ordered && knows_fence(y.view, node);
    });
  }
  const MemoryEvent& strong = events_[node.event];
  if (strong.thread == access.thread) return true;
  if (strong.location == access.location) {
    return knows(access.view, strong) || (access.writes && explore::rank(strong) < rank);
  }
  if (!knows(before, strong)) return false;
  // By way of other locations: something later in its thread, and something earlier in ours.
  for (EventNumber z = static_cast<EventNumber>(events_.size()); z-- > 0;) {
    const MemoryEvent& ours = events_[z];
    if (ours.thread != access.thread || ours.location == access.location) continue;
    for (EventNumber y = 0; y < events_.size(); ++y) {
      const MemoryEvent& theirs = events_[y];
      if (theirs.thread == strong.thread && theirs.place > strong.place &&
          theirs.location != strong.location && knows(ours.view, theirs)) {
        return true;
      }
    }
    return false;
  }
  return false;
}

StrongOrder::Ways StrongOrder::ways(const MemoryEvent& access, const View& before,
                                    std::uint32_t rank) const {
  Ways ways;
  const bool strong = access.order == Order::seq_cst;
  const std::vector<EventNumber>& there = locations_[access.location].events;
  for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    if (node.fence && knows_fence(access.view, node)) ways.fences.push_back(n);
    if (strong && leads_to_access(node, access, before, rank)) ways.in.push_back(n);
    bool after_write = false;
    bool after_any = false;
    for (const EventNumber number : there) {
      const MemoryEvent& later = events_[number];
      if (explore::rank(later) <= rank) continue;
      if (node.fence ? !knows(node.before, later) : node.event != number) continue;
      after_any = true;
      after_write = after_write || later.writes;
    }
    if (strong && after_write) ways.out.push_back(n);
    if (node.fence ? after_any : after_write) ways.out_of_fences.push_back(n);
  }
  return ways;
}

std::vector<bool> StrongOrder::reached(const std::vector<std::uint32_t>& from) const {
  std::vector<bool> reached(nodes_.size(), false);
  std::vector<std::uint32_t> open = from;
  while (!open.empty()) {
    const std::uint32_t n = open.back();
    open.pop_back();
    if (reached[n]) continue;
    reached[n] = true;
    open.insert(open.end(), nodes_[n].next.begin(), nodes_[n].next.end());
  }
  return reached;
}

bool StrongOrder::allows(const MemoryEvent& access, const View& before, std::uint32_t rank) const {
  if (nodes_.empty() || rank > rank_of_write(locations_[access.location].newest())) return true;
  const Ways ways = this->ways(access, before, rank);
  const auto meets = [](const std::vector<bool>& reached, const std::vector<std::uint32_t>& set) {
    return ranges::any_of(set, [&](std::uint32_t n) { return reached[n]; });
  };
  const std::vector<bool> from_fences =
      reached(ways.fences.empty() ? std::vector<std::uint32_t>{} : ways.out_of_fences);
  if (meets(from_fences, ways.fences)) return false;
  const std::vector<bool> from_access = reached(ways.out);
  return !meets(from_access, ways.in) &&
         !(meets(from_access, ways.fences) && meets(from_fences, ways.in));
}

void StrongOrder::connect(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t>& next = nodes_[from].next;
  if (from != to && ranges::find(next, to) == next.end()) next.push_back(to);
}

void StrongOrder::add(const MemoryEvent& access, const View& before, std::uint32_t rank) {
  const bool strong = access.order == Order::seq_cst;
  if (nodes_.empty() && !strong) return;
  const bool newest = rank > rank_of_write(locations_[access.location].newest());
  if (!strong && newest) return;
  const Ways ways = this->ways(access, before, rank);
  for (const std::uint32_t fence : ways.fences) {
    for (const std::uint32_t to : ways.out_of_fences) connect(fence, to);
  }
  if (!strong) return;
  const auto self = static_cast<std::uint32_t>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.event = static_cast<EventNumber>(events_.size());
  node.next = ways.out;
  for (const std::uint32_t from : ways.in) connect(from, self);
}

// scb, then hb or nothing, from a strong access to a fence.
bool StrongOrder::access_leads_to_fence(const MemoryEvent& strong, const Node& fence) const {
  if (fence.before.of(strong.thread) > strong.place + 1) return true;
  const bool same_thread = ranges::any_of(fence.at, [&](const auto& at) {
    return at.first == strong.thread && at.second > strong.place;
  });
  if (same_thread) return true;
  return ranges::any_of(locations_[strong.location].events, [&](EventNumber number) {
    const MemoryEvent& y = events_[number];
    if (!knows(fence.before, y)) return false;
    return (&y != &strong && knows(y.view, strong)) || (y.writes && rank(y) > rank(strong));
  });
}

// hb, or hb; eco; hb.
bool StrongOrder::fence_leads_to_fence(const Node& first, const Node& fence) const {
  if (knows_fence(fence.before, first)) return true;
  return ranges::any_of(locations_, [&](const Location& location) {
    std::uint32_t earliest = ~std::uint32_t{0};
    std::uint32_t latest = 0;
    for (const EventNumber number : location.events) {
      const MemoryEvent& event = events_[number];
      if (knows_fence(event.view, first)) earliest = std::min(earliest, rank(event));
      if (knows(fence.before, event)) latest = std::max(latest, rank(event));
    }
    return earliest < latest;
  });
}

void StrongOrder::add_fence(std::vector<std::pair<int, std::uint32_t>> at, const View& before) {
  Node fence;
  fence.fence = true;
  fence.at = std::move(at);
  fence.before = before;
  const auto self = static_cast<std::uint32_t>(nodes_.size());
  for (Node& node : nodes_) {
    const bool leads = node.fence ? fence_leads_to_fence(node, fence)
                                  : access_leads_to_fence(events_[node.event], fence);
    if (leads) node.next.push_back(self);
  }
  nodes_.push_back(std::move(fence));
}

}  // namespace lab::explore
