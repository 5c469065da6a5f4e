// What `cleave doctor` finds out about one thing.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cleave::doctor {

enum class Standing : std::uint8_t {
  ok,
  limited,  ///< works, but not as well as it could
  missing,
};

/// As in "limited".
const char* name(Standing standing) noexcept;

struct Finding {
  std::string name;
  Standing standing;
  std::string detail;  ///< what was found, in a few words
  /// What can be done about it; empty: nothing, or nothing that cleave would gain from.
  std::string advice = {};
  /// What was found, where it is a number.
  nlohmann::ordered_json value = nullptr;
};

}  // namespace cleave::doctor
