// What has happened under a weak memory: the events of a run, and for each location its messages in
// their order.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/explore/memory/order.h"
#include "lab/explore/memory/view.h"

namespace lab::explore {

using EventNumber = std::uint32_t;  ///< in the order in which events were made

/// One store: what others may read.
struct Message {
  std::uint64_t bits;
  EventNumber writer;  ///< kNobody: it was there from the start
  bool update;         ///< it came of the message before it: nothing can ever come between
  View released;       ///< what one comes to know who reads it and acquires
  static constexpr EventNumber kNobody = ~EventNumber{0};
};

/// An access of a location, or a fence.
struct MemoryEvent {
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  int thread;
  std::uint32_t place;  ///< among the events of the thread
  std::uint32_t location = kNowhere;
  Order order = Order::relaxed;
  bool reads = false;
  bool writes = false;
  std::uint32_t message = 0;  ///< its place in the location's order: what it wrote, or else read
  std::uint32_t fence_of_all = 0;  ///< a fence that all threads had: which one, from 1
  const char* label = "";
  View view = {};  ///< what happened before it, and it itself
};

/// The messages of a location, the oldest first: a message's place here is its timestamp.
struct Location {
  std::vector<Message> messages;
  std::vector<EventNumber> events;  ///< all that touched it
  View readers;                     ///< of steps that read it as under a lock: what they knew
  [[nodiscard]] std::uint32_t newest() const {
    return static_cast<std::uint32_t>(messages.size()) - 1;
  }
};

/// Where an event stands in the order of its location: it comes before those with a larger rank.
/// Reads of a message come between it and the next; what would be put there comes after them.
constexpr std::uint32_t rank_of_write(std::uint32_t message) { return 4 * message; }
constexpr std::uint32_t rank_of_read(std::uint32_t message) { return 4 * message + 2; }
constexpr std::uint32_t rank_after(std::uint32_t message) { return 4 * message + 3; }
inline std::uint32_t rank(const MemoryEvent& event) {
  return event.writes ? rank_of_write(event.message) : rank_of_read(event.message);
}

/// Whether one who has that view knows of the event.
inline bool knows(const View& view, const MemoryEvent& event) {
  return view.knows(event.thread, event.place);
}

}  // namespace lab::explore
