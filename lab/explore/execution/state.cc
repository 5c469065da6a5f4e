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
  words_.push_back(unordered.low);
  words_.push_back(unordered.high);
  const XXH128_hash_t hash = XXH3_128bits(words_.data(), words_.size() * sizeof(std::uint64_t));
  return {hash.low64, hash.high64};
}

}  // namespace lab::explore
