// What is wrong with a test file.
#pragma once

#include <string>
#include <string_view>

#include "lab/litmus/test.h"

namespace lab::litmus {

struct Diagnostic {
  Where at;
  std::string what;    ///< what is wrong there
  std::string advice;  ///< what to do about it; empty where `what` says it
};

/// The diagnostic as a person wants to read it: `path:line:column: what`, the line of `text` with a
/// caret below the column, and the advice. Ends with a newline.
std::string describe(const Diagnostic& diagnostic, std::string_view path, std::string_view text);

/// The name in `names` that `wrong` was likely meant to be; empty if none is near.
template <typename Names>
std::string nearest(std::string_view wrong, const Names& names);
std::size_t distance(std::string_view a, std::string_view b);

template <typename Names>
std::string nearest(std::string_view wrong, const Names& names) {
  std::string best;
  std::size_t least = wrong.size() / 3 + 2;
  for (const auto& name : names) {
    const std::size_t far = distance(wrong, name);
    if (far >= least) continue;
    least = far;
    best = name;
  }
  return best;
}

}  // namespace lab::litmus
