// What a thread remembers: a hash of all that it has read since its operation began.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/explore/execution/hash.h"

namespace lab::explore {

class History {
 public:
  History() = default;
  /// Of a thread that is started as `path`, by one that remembers `starter`: what its body was
  /// given is known there.
  History(std::uint64_t path, const Hash128& starter) : read_(starter), place_(path) {}

  void read(std::uint64_t bits) { read_.feed(bits); }
  /// A step ends: what is read after it is read elsewhere.
  void next_step() { read_.feed(~std::uint64_t{0}); }
  /// The thread forgets what it knew.
  void begin_operation(std::string_view text) {
    place_ = Hash64{place_}.feed(text).value();
    read_ = Hash128{}.feed(place_);
    loop_ = nullptr;
  }
  /// The thread is at the head of the loop `label`, and forgets the rounds before.
  void begin_round(const char* label) {
    if (loop_ != label) {
      loop_ = label;
      at_head_ = read_;
    }
    read_ = at_head_;
  }
  [[nodiscard]] const Hash128& hash() const { return read_; }

 private:
  Hash128 read_;
  std::uint64_t place_ = 0;     // of the operations that it has begun
  const char* loop_ = nullptr;  // the loop it is in, and what it knew at the head
  Hash128 at_head_;
};

}  // namespace lab::explore
