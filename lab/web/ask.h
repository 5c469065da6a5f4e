// The laboratory as one function from a question to its answer, for programs that are no C++: the
// page in a browser asks this, and so does what tests it.
#pragma once

#include <string>
#include <string_view>

namespace lab::web {

/// Answers a question, both as JSON; docs/reference/web.md lists questions and answers. Whatever is
/// asked, there is an answer: {"error": "..."} says what was not understood. Nothing is kept from
/// one question to the next. Takes as long as the search does.
std::string answer(std::string_view question);

}  // namespace lab::web
