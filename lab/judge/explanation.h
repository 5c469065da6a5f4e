// How a judgement's worst end came about.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "lab/explore/trace/counterexample.h"
#include "lab/judge/judge.h"
#include "lab/model/view.h"

namespace lab::judge {

/// A run that shows what is wrong, or, where nothing is, what the condition asks for.
struct Explanation {
  std::unique_ptr<Plan> plan;           ///< what the run's outcome names
  std::unique_ptr<model::Rules> rules;  ///< what it was made under
  explore::Counterexample example;
  std::string what;  ///< what is explained: "C:r=77;", or a failure
};

/// Whether there is something to show: a failure; an end where the condition holds, or where it is
/// claimed always, one where it does not.
bool worth_explaining(const Judgement& judgement);

/// Of a judgement that is not worth_explaining(), its first end. Requires: there is an end, or a
/// failure. Refusals: those of explain(). `max_seconds`: see Explain.
tl::expected<Explanation, explore::Refusal> explain(const Judgement& judgement,
                                                    double max_seconds = 2,
                                                    const Maker& maker = factory_for);

/// The run that `token` describes, of a test under a variant; memory and what is left out are the
/// token's. Refusals: those of replay().
tl::expected<Explanation, explore::Refusal> replay(const litmus::Test& test, const Variant& variant,
                                                   std::string_view token,
                                                   const Maker& maker = factory_for);

/// Makes a program that puts what there is into `views`: at the start of a run as the only one, and
/// one more with each describe().
using WatchedMaker = std::function<std::unique_ptr<explore::Program>(
    const Explanation& explanation, std::vector<model::View>& views)>;

/// One view more than the trace has events: the first is of the start. Makes the run once more.
/// Refusals: those of record().
tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation,
                                                               const WatchedMaker& watched);
/// The same of the model.
tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation);

}  // namespace lab::judge
