// From a file's text to a test.
#pragma once

#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::litmus {

/// The test that `text` tells. Otherwise what is wrong with it: the first place where it breaks the
/// grammar, or, where it keeps that, everything that check() finds. Any bytes may be given.
tl::expected<Test, std::vector<Diagnostic>> parse(std::string_view text);

}  // namespace lab::litmus
