// Everything that was found, for programs.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/judge/files.h"
#include "lab/judge/judge.h"

namespace lab::report {

/// One judgement, as it stands in `judgements`.
nlohmann::ordered_json json(const judge::Judgement& judgement);

/// An object: `version`, `search`, `tests` with their `judgements`, and a `summary`.
/// docs/reference/litmus.md has the members.
nlohmann::ordered_json json(const judge::TestFiles& tests,
                            const std::vector<judge::Judgement>& judgements, explore::Search search,
                            double seconds);

}  // namespace lab::report
