// Judges a test under a rule-set: explores it, and compares what is seen with what is expected.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/explore/search/explorer.h"
#include "lab/judge/expected.h"
#include "lab/judge/plan.h"
#include "lab/judge/variant.h"
#include "lab/litmus/test.h"

namespace lab::judge {

/// An end that was seen: one line of a histogram.
struct FinalState {
  std::string text;  ///< "C:r=77; coherent(p)=1;"
  bool holds;        ///< the condition holds there
  std::uint64_t count;
  explore::Schedule witness;
};

/// How a judgement stands to what was expected.
enum class Standing : std::uint8_t {
  expected,
  /// The search was cut off: more of it could still show what is expected, or, where nothing is,
  /// show more.
  open,
  deviates,  ///< something else was seen, or a label that should be reached never was
};

/// What came of one test under one rule-set and memory model.
struct Judgement {
  const litmus::Test* test;
  Variant variant;
  explore::Memory memory;
  bool base_case = true;    ///< asked for by who runs the tests; else only this test names it
  litmus::Verdict verdict;  ///< hang and broken go before what the condition says
  Expected expected;
  Standing standing;
  std::vector<FinalState> states;  ///< those where the condition holds first
  std::uint64_t positive = 0;      ///< runs in which it holds
  std::uint64_t negative = 0;
  std::vector<explore::Failure> failures;
  std::vector<std::string> unreached;  ///< labels that had to be reached, and were not
  explore::Coverage coverage;
  std::uint64_t traces = 0, cut = 0, steps = 0, visited = 0;  ///< visited: Search::states alone
  double seconds = 0;

  [[nodiscard]] bool exhaustive() const {
    return coverage.kind == explore::Coverage::Kind::exhaustive;
  }
};

/// How to search; what Options says, but for what a variant says itself.
struct Effort {
  explore::Search search = explore::Search::dpor;
  std::uint32_t bound = 2;
  std::uint64_t runs = 10'000;
  std::uint64_t seed = 1;
  std::optional<double> max_seconds = std::nullopt;
  std::optional<std::uint64_t> max_runs = std::nullopt;
  /// See Options.
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const explore::Progress&)> progress = nullptr;
};

/// The options that explore a test under a variant.
explore::Options options_for(const Variant& variant, explore::Memory memory, const Effort& effort);
/// Makes the program that is explored. The plan must outlive what comes of it.
explore::Factory factory_for(const Plan& plan, const model::Rules& rules);
/// factory_for(), or what makes another program of a plan: one that the model is not asked about.
using Maker = std::function<explore::Factory(const Plan& plan, const model::Rules& rules)>;

/// Judges. Refusals: what explore() refuses; a start that the model does not have.
tl::expected<Judgement, explore::Refusal> judge(const litmus::Test& test, const Variant& variant,
                                                explore::Memory memory, const Effort& effort,
                                                const Maker& maker = factory_for);

}  // namespace lab::judge
