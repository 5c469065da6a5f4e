// Many judgements, on all processors.
#pragma once

#include <functional>
#include <vector>

#include "lab/judge/judge.h"

namespace lab::judge {

struct Case {
  const litmus::Test* test;
  Variant variant;
  explore::Memory memory = explore::Memory::sc;
  bool base_case = true;  ///< see Judgement
};

/// What can be judged of the tests: each under each variant, but not where it expects `-`; and
/// where `named`, also what the tests name beyond, for the rule-sets among `variants`.
std::vector<Case> cases_of(const std::vector<const litmus::Test*>& tests,
                           const std::vector<Variant>& variants, explore::Memory memory,
                           bool named);

/// Judges all cases, `jobs` at once. Results are in the order of the cases, the same for any
/// `jobs`. `done` is called after each, one call at a time, with how many are done.
std::vector<tl::expected<Judgement, explore::Refusal>> judge_all(
    const std::vector<Case>& cases, const Effort& effort, unsigned jobs,
    const std::function<void(std::size_t)>& done = nullptr);

}  // namespace lab::judge
