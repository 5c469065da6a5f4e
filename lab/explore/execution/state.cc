// What state a run is in.

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lab/explore/execution/execution.h"

namespace lab::explore {

// Where a thread stands, what it remembers, and what is its own.
Hash128 Execution::place_of(const Thread& thread, bool symmetry) const {
  Hash128 hash = thread.history.hash();
  // Equal threads are told apart by nothing but their histories.
  const Thread* like = &thread;
  while (symmetry && like->twin >= 0) like = &at(like->twin);
  hash.feed(like->path);
  hash.feed((alive_ & only(static_cast<Actor>(number(thread)))) != 0 ? 1 : 0);
  for (const StoreBuffer::Store& store : thread.buffer.waiting())
    hash.feed(store.variable->number_).feed(store.bits);
  for (const std::uint32_t slot : thread.own) hash.feed(bits(slot));
  return hash;
}

// Under ra the future hangs on all that has happened: who read and stored what, in which order of
// each location. Events go by their threads and their places there, so that runs which differ in
// the order of steps alone come to the same.
Hash128 Execution::past() const {
  Hash128 past;
  const std::vector<MemoryEvent>& events = weak_->events();
  const auto feed_name = [&](Hash128& hash, EventNumber event) {
    if (event == Message::kNobody) {
      hash.feed(0);
    } else {
      hash.feed(at(events[event].thread).path).feed(events[event].place);
    }
  };
  for (EventNumber e = 0; e < events.size(); ++e) {
    const MemoryEvent& event = events[e];
    Hash128 hash;
    feed_name(hash, e);
    hash.feed(static_cast<std::uint64_t>(event.order)).feed(event.writes ? 2 : event.reads ? 1 : 0);
    if (event.location == MemoryEvent::kNowhere) {
      hash.feed(event.fence_of_all);
    } else {
      const Variable* variable = variables_[event.location];
      hash.feed(variable == nullptr ? 0 : variable->number_).feed(event.message);
      feed_name(hash, weak_->at(event.location).messages[event.message].writer);
    }
    past.low += hash.low;
    past.high += hash.high;
  }
  return past;
}

Hash128 Execution::state(bool symmetry) {
  words_.clear();
  Hash128 unordered;
  const auto mix_in = [&](const Hash128& hash) {
    unordered.low += hash.low;
    unordered.high += hash.high;
  };
  for (std::uint32_t slot = 0; slot < slots(); ++slot) {
    if (slot < made_at_start_) {
      if (!owned_[slot]) words_.push_back(bits(slot));
    } else if (const Variable* made = variables_[slot]) {
      mix_in(Hash128{}.feed(made->number_).feed(made->bits_));
    }
  }
  for (int t = 0; t < count_; ++t) mix_in(place_of(at(t), symmetry));
  if (weak_ != nullptr) mix_in(past());
  words_.push_back(unordered.low);
  words_.push_back(unordered.high);
  const XXH128_hash_t hash = XXH3_128bits(words_.data(), words_.size() * sizeof(std::uint64_t));
  return {hash.low64, hash.high64};
}

}  // namespace lab::explore
