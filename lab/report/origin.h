// Where a report comes from, for who finds it later and elsewhere.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lab::report {

struct Origin {
  std::string by;       ///< "cleave 0.1.0"; empty: not known, and left out
  std::string on;       ///< the day, "2026-11-29"
  std::string command;  ///< that makes it again, as it was typed
};

/// Its members by their names.
nlohmann::ordered_json json(const Origin& origin);

}  // namespace lab::report
