// The order of sequentially consistent accesses and fences.
//
// O. Lahav, V. Vafeiadis, J. Kang, C.-K. Hur, D. Dreyer, "Repairing Sequential Consistency in
// C/C++11", PLDI 2017: a run is allowed if its relation psc has no cycle. An event that is added is
// the last of its thread, and nobody has read from it: from it lead only ways to the events that
// come after it in its location's order. So what reads the newest message, or stores behind it,
// never closes a cycle, and a run is never stuck.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lab/explore/memory/events.h"

namespace lab::explore {

class StrongOrder {
 public:
  StrongOrder(const std::vector<MemoryEvent>& events, const std::vector<Location>& locations)
      : events_(events), locations_(locations) {}

  void clear() { nodes_.clear(); }
  /// Whether an access may be added that would have this view and rank. `before`: what its thread
  /// knew until then.
  [[nodiscard]] bool allows(const MemoryEvent& access, const View& before,
                            std::uint32_t rank) const;
  /// It is about to be added so: it is the next event.
  void add(const MemoryEvent& access, const View& before, std::uint32_t rank);
  /// A fence of all these threads, each at the place of its next event, with what they know.
  void add_fence(std::vector<std::pair<int, std::uint32_t>> at, const View& before);

 private:
  struct Node {
    bool fence = false;
    EventNumber event = 0;                          // an access
    std::vector<std::pair<int, std::uint32_t>> at;  // a fence: where it stands in its threads
    View before;                                    // a fence: what comes before it
    std::vector<std::uint32_t> next;
  };
  // The ways that an access opens: `in` lead to it, and from it lead `out`. From fences that come
  // before it lead `out_of_fences`.
  struct Ways {
    std::vector<std::uint32_t> in;
    std::vector<std::uint32_t> out;
    std::vector<std::uint32_t> fences;
    std::vector<std::uint32_t> out_of_fences;
  };

  [[nodiscard]] Ways ways(const MemoryEvent& access, const View& before, std::uint32_t rank) const;
  [[nodiscard]] bool leads_to_access(const Node& node, const MemoryEvent& access,
                                     const View& before, std::uint32_t rank) const;
  [[nodiscard]] bool access_leads_to_fence(const MemoryEvent& strong, const Node& fence) const;
  [[nodiscard]] bool fence_leads_to_fence(const Node& first, const Node& fence) const;
  [[nodiscard]] static bool knows_fence(const View& view, const Node& fence);
  [[nodiscard]] std::vector<bool> reached(const std::vector<std::uint32_t>& from) const;
  void connect(std::uint32_t from, std::uint32_t to);

  const std::vector<MemoryEvent>& events_;
  const std::vector<Location>& locations_;
  std::vector<Node> nodes_;
};

}  // namespace lab::explore
