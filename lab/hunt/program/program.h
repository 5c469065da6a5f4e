// A generated program: acts in a row, and perhaps two that race in the middle.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/hunt/program/start.h"
#include "lab/hunt/program/word.h"
#include "lab/spec/promise.h"

namespace lab::hunt {

[[nodiscard]] bool names_a_page(litmus::Word word);
[[nodiscard]] constexpr bool names_two(litmus::Word word) {
  return word == litmus::Word::move || word == litmus::Word::merge;
}

/// The text of the shape that the act has.
const std::string& shape_of(const spec::Act& act);

struct Program {
  const Start* start = nullptr;
  std::vector<spec::Act> before;
  std::optional<std::pair<spec::Act, spec::Act>> race;  ///< at the same time, by two threads
  std::vector<spec::Act> after;

  [[nodiscard]] std::size_t size() const { return before.size() + (race ? 2 : 0) + after.size(); }
  bool operator==(const Program&) const = default;
};

/// What the first act that writes writes; each later one writes one more.
inline constexpr spec::Value kFirstWritten = 2;

/// All acts with what each writes; of a race, the first and then the second.
struct Step {
  spec::Act act;
  spec::Value value = 0;
};
std::vector<Step> steps(const Program& program);

/// "small: P fork; C get x -> p; {C write x 2 || C unmap x}; C poke p 3". Two programs with the
/// same text are the same.
std::string text(const Program& program);
std::string text(const Start& start, const Step& step);

/// What is promised in each order that a race can have; of a program without one, in the only one.
using Orders = std::vector<spec::Promise>;
/// What is promised after the program. Nothing: some act makes no sense where it stands.
std::optional<Orders> promises(const Program& program);

/// Every act that makes sense now: what is taken gets the next name. Pages cannot be exchanged,
/// even where they are alike: of two that are merged, that with the lower address gives way.
std::vector<spec::Act> next_acts(const Start& start, const std::vector<Shape>& shapes,
                                 const spec::Promise& promise, std::uint8_t most_references);

}  // namespace lab::hunt
