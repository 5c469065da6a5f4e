// A hunt: its units, made by several threads, as far as time allows.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "lab/hunt/search/unit.h"

namespace lab::hunt {

/// The answer of each unit that was made, by number.
using Answers = std::vector<std::optional<Answer>>;

/// Which units are made here: those whose number leaves index - 1 when divided by count.
struct Shard {
  std::size_t index = 1;
  std::size_t count = 1;
  [[nodiscard]] bool has(std::size_t unit) const { return unit % count == index - 1; }
};

struct Effort {
  unsigned jobs = 1;
  std::optional<double> seconds;  ///< no unit begins later than that
  std::uint64_t seed = 0;         ///< 0: units in order; another: in an order that it draws
  Shard shard;
  /// Where others make units as well: the next one to be made here; none: there is none left. Then
  /// `seed` and `shard` count for nothing. Called by several threads at once.
  std::function<std::optional<std::size_t>()> next;
  /// Called after each unit, by one thread at a time.
  std::function<void(const Unit& unit, const Answer& answer)> made;
  /// Asked before each unit; true: no more are made.
  std::function<bool()> stop;
};

/// The units that `answers` has not and the shard has, in the order of the seed.
std::vector<std::size_t> to_make(const Answers& answers, const Effort& effort);

/// Makes the units that `answers` has not, and puts them there. What a unit comes to is the same
/// whatever the effort.
void hunt(const Options& options, const Effort& effort, Answers& answers);

/// All answers together.
Answer total(const Answers& answers);

}  // namespace lab::hunt
