// Generated programs, asked of a judge that is no rule-set: the running kernel, or the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

struct Compared {
  std::uint64_t agreed = 0, differed = 0, skipped = 0;
  std::map<std::string, std::uint64_t> reasons;  ///< of skipping
  std::map<FindingKey, Finding> findings;        ///< minimal, on that judge itself
  bool whole = true;                             ///< all programs were asked
};

/// Asks `judge` of programs in a row up to the options' depth, one for each state of the options'
/// one rule-set, in an order that `seed` draws, until `stop`. What differs is minimised by asking
/// again.
Compared compare_elsewhere(const Options& options, std::uint64_t seed, const Elsewhere& judge,
                           const std::function<bool(const Compared&)>& stop);

/// The test of a program: `always` what the rule-set predicts. Nothing: there is nothing to ask.
std::optional<litmus::Test> prediction(const Program& program, Question& question);

}  // namespace lab::hunt
