// What the engine has a word for.
#pragma once

#include <optional>
#include <string>

#include "lab/judge/plan.h"

namespace lab::engine {

/// Why a test cannot be asked of the engine; nothing: it can.
[[nodiscard]] std::optional<std::string> no_word_for(const judge::Plan& plan);

}  // namespace lab::engine
