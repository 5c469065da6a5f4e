// What a test asks of a rule-set that the model cannot tell: better no answer than a wrong one.
#pragma once

#include <optional>
#include <string>

#include "lab/judge/variant.h"
#include "lab/litmus/test.h"

namespace lab::judge {

/// Why the model has no answer, as part of a sentence; nothing: it has. Cheap: looks at words only.
std::optional<std::string> unmodelled(const litmus::Test& test, const Variant& variant);

}  // namespace lab::judge
