// The words that a page needs to know.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace lab::web {

/// The language's words with their meanings, the rule-sets with their answers, the knobs, the
/// fences, and what a hunt may begin with: what the parser and the judges themselves go by.
nlohmann::ordered_json words();

}  // namespace lab::web
