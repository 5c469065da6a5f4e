// Generated programs, asked of a judge that is no rule-set: the running kernel, or the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lab/hunt/hunt.h"

namespace lab::hunt {

/// What such a judge says of a test whose condition is all that the rule-set predicts.
struct Said {
  enum class Standing : std::uint8_t { agrees, differs, skipped };
  Standing standing = Standing::agrees;
  std::string what;  ///< what it ended with instead; why it was skipped
};
using Elsewhere = std::function<Said(const litmus::Test& test)>;

/// Asks `judge` of programs in a row up to the options' depth, one for each state of the options'
/// one rule-set. Parts are a few programs each, drawn from all of them. What differs is minimised
/// by asking again. The options must outlive the parts. Cost: makes all the programs at once.
Parts parts_elsewhere(const Options& options, const Elsewhere& judge);

/// The test of a program: `always` what the rule-set predicts. Nothing: there is nothing to ask.
std::optional<litmus::Test> prediction(const Program& program, Question& question);

}  // namespace lab::hunt
