#include "lab/explore/execution/program.h"

#include <fmt/format.h>

namespace lab::explore {

bool Outcome::Value::operator==(const Value& other) const {
  return value == other.value &&
         (name == other.name || std::string_view(name) == std::string_view(other.name));
}

const std::uint64_t* Outcome::find(std::string_view name) const {
  for (const Value& value : values_) {
    if (value.name == name) return &value.value;
  }
  return nullptr;
}

std::string Outcome::text() const {
  std::string text;
  for (const Value& value : values_) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", value.name, value.value);
  }
  return text;
}

}  // namespace lab::explore
