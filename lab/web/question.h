// What a question in JSON asks for, member by member.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "lab/explore/execution/execution.h"
#include "lab/judge/judge.h"
#include "lab/judge/variant.h"

namespace lab::web {

using Json = nlohmann::ordered_json;

/// The answer to what is not understood.
Json error(std::string what);

/// A member of the question, or `otherwise` where it is not there.
template <typename T>
T asked(const Json& question, const char* name, T otherwise) {
  return question.contains(name) ? question.at(name).get<T>() : otherwise;
}

/// Member `memory`, by default sc. Throws std::invalid_argument where it is none.
explore::Memory memory_of(const Json& question);
/// Members `search`, `seed` and `seconds`. Throws as memory_of() does.
judge::Effort effort_of(const Json& question);
/// Member `rules`, an array, by default all. The error is a person's.
tl::expected<std::vector<judge::Variant>, std::string> variants_of(const Json& question);

}  // namespace lab::web
