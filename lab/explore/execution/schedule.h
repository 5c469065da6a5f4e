// A schedule: who took each step of a run.
#pragma once

#include <cstdint>
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

struct Choice {
  Actor actor = kNoActor;
  std::uint32_t value = 0;  ///< what choose() gave, if the step was one
  bool operator==(const Choice&) const = default;
};

using Schedule = std::vector<Choice>;

}  // namespace lab::explore
