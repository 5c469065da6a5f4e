// Judges a litmus test by the engine: its own code, explored.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "lab/judge/explanation.h"
#include "lab/judge/judge.h"

namespace lab::engine {

/// The name that stands for this judge among the rule-sets.
inline constexpr std::string_view kName = "engine";

/// The engine with so many of its fences, waits and re-checks left out.
judge::Variant variant(std::vector<std::string> left_out = {});

/// The engine has no word for something in the test: `why`.
struct Skipped {
  std::string why;
};

/// The judgement, which is as expected where each end that was seen is one that rule-set `cleave`
/// has, too, and nothing broke; else the foreign ends are among its failures. Refusals: those of
/// judge::judge().
using Judged = std::variant<judge::Judgement, Skipped>;
tl::expected<Judged, explore::Refusal> judge(const litmus::Test& test,
                                             const std::vector<std::string>& left_out,
                                             explore::Memory memory, const judge::Effort& effort);

/// As of lab/judge; in the place of the rules that decided, the lines of the engine's sources.
tl::expected<judge::Explanation, explore::Refusal> explain(const judge::Judgement& judgement,
                                                           double max_seconds = 2);
tl::expected<judge::Explanation, explore::Refusal> replay(const litmus::Test& test,
                                                          std::string_view token);

}  // namespace lab::engine
