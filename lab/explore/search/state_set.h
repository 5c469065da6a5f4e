// The states that a search has been in, by their hashes.
#pragma once

#include <cstddef>
#include <vector>

#include "lab/explore/execution/hash.h"

namespace lab::explore {

/// A set of 128-bit hashes: 16 bytes a state, twice that at the most while half full. Two states
/// with one hash are taken for one: among n states, with a chance of about n^2 / 2^129.
class StateSet {
 public:
  StateSet() : places_(1024) {}
  /// False: it was there.
  bool insert(Hash128 hash) {
    if (2 * size_ >= places_.size()) grow();
    if (!place(places_, hash)) return false;
    ++size_;
    return true;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static bool place(std::vector<Hash128>& places, Hash128 hash) {
    if (hash == Hash128{}) hash.low = 1;  // Zero marks a free place.
    for (std::size_t i = hash.low;; ++i) {
      Hash128& here = places[i & (places.size() - 1)];
      if (here == hash) return false;
      if (here == Hash128{}) {
        here = hash;
        return true;
      }
    }
  }
  void grow() {
    std::vector<Hash128> more(2 * places_.size());
    for (const Hash128& hash : places_) {
      if (hash != Hash128{}) place(more, hash);
    }
    places_ = std::move(more);
  }

  std::vector<Hash128> places_;
  std::size_t size_ = 0;
};

}  // namespace lab::explore
