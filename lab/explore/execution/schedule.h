// A schedule: who took each step of a run.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace lab::explore {

/// Who can take a step: a thread, or, under tso, the store buffer of a thread, which lets its
/// oldest store out.
using Actor = std::uint8_t;
using ActorSet = std::uint64_t;

inline constexpr int kMaxThreads = 32;
inline constexpr Actor kNoActor = 255;

constexpr Actor flush_of(int thread) { return static_cast<Actor>(kMaxThreads + thread); }
constexpr bool is_flush(Actor actor) { return actor >= kMaxThreads; }
constexpr int thread_of(Actor actor) { return actor % kMaxThreads; }
constexpr ActorSet only(Actor actor) { return ActorSet{1} << actor; }

/// A step may choose several times. What it chose is one number: each choice has the bits that its
/// count needs, the first the lowest.
struct Digit {
  unsigned shift = 0;
  unsigned bits = 0;
  [[nodiscard]] constexpr std::uint32_t of(std::uint64_t value) const {
    return static_cast<std::uint32_t>(value >> shift & ((std::uint64_t{1} << bits) - 1));
  }
  [[nodiscard]] constexpr std::uint64_t with(std::uint64_t value, std::uint32_t digit) const {
    return value | static_cast<std::uint64_t>(digit) << shift;
  }
};

/// What a step of a search chooses, and what it chooses next.
class Picks {
 public:
  Picks() = default;
  explicit Picks(std::uint64_t value) : value_(value) {}
  /// The choice among `count` that the step stands at.
  std::uint32_t take(Digit digit, std::uint32_t count) {
    const std::uint32_t taken = digit.of(value_);
    if (taken + 1 < count) {
      next_ = digit.with(value_ & ((std::uint64_t{1} << digit.shift) - 1), taken + 1);
    }
    return taken;
  }
  /// On to the next: of the latest choice that has another way, the next way. False: all were
  /// taken.
  bool advance() {
    if (next_ == 0) return false;
    value_ = std::exchange(next_, 0);
    return true;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
  std::uint64_t next_ = 0;
};

struct Choice {
  Actor actor = kNoActor;
  std::uint64_t value = 0;  ///< what the step chose, by Digits
  bool operator==(const Choice&) const = default;
};

using Schedule = std::vector<Choice>;

}  // namespace lab::explore
