// The words that a page needs to know.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace lab::web {

/// The language's words with their meanings, the rule-sets with their answers, the knobs, and the
/// fences: what the parser and the judges themselves go by.
nlohmann::ordered_json words();

}  // namespace lab::web
