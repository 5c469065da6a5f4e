// A hunt: its parts, made by several threads, as far as time allows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/hunt/search/unit.h"

namespace lab::hunt {

/// What a hunt consists of. What a part comes to is a function of the build, the options, and of
/// who is asked.
struct Parts {
  std::vector<PartName> names;
  std::function<Answer(std::size_t part)> make;  ///< called by several threads at once
};
/// Those that rule-sets are asked. The options must outlive them.
Parts parts_of(const Options& options);

/// The answer of each part that was made, by number.
using Answers = std::vector<std::optional<Answer>>;

/// Which parts are made here: those whose number leaves index - 1 when divided by count.
struct Shard {
  std::size_t index = 1;
  std::size_t count = 1;
  [[nodiscard]] bool has(std::size_t part) const { return part % count == index - 1; }
};

struct Effort {
  unsigned jobs = 1;
  std::optional<double> seconds;  ///< no part begins later than that
  std::uint64_t seed = 0;         ///< 0: parts in order; another: in an order that it draws
  Shard shard;
  /// Where others make parts as well: the next one to be made here; none: there is none left. Then
  /// `seed` and `shard` count for nothing. Called by several threads at once.
  std::function<std::optional<std::size_t>()> next;
  /// Called after each part, by one thread at a time.
  std::function<void(std::size_t part, const Answer& answer)> made;
  /// Asked before each part; true: no more are made.
  std::function<bool()> stop;
};

/// The parts that `answers` has not and the shard has, in the order of the seed.
std::vector<std::size_t> to_make(const Answers& answers, const Effort& effort);

/// Makes the parts that `answers` has not, and puts them there. What a part comes to is the same
/// whatever the effort.
void hunt(const Parts& parts, const Effort& effort, Answers& answers);

/// All answers together.
Answer total(const Answers& answers);

}  // namespace lab::hunt
