// A run as data for the page.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "lab/judge/explanation.h"
#include "lab/report/data/recording.h"

namespace lab::report {

/// Keeps each value once. Runs share most of what they say, and of what they show.
class InternTable {
 public:
  /// The place of `value` in values().
  std::size_t operator()(const nlohmann::ordered_json& value);
  [[nodiscard]] const nlohmann::ordered_json& values() const { return values_; }

 private:
  nlohmann::ordered_json values_ = nlohmann::ordered_json::array();
  std::map<std::string, std::size_t> places_;
};

/// What runs have in common.
struct InternTables {
  InternTable words;
  InternTable views;
  InternTable runs;
};

/// The members are listed in data.md.
nlohmann::ordered_json run_of(const judge::Explanation& explanation,
                              const std::vector<model::View>& views, InternTables& shelves);
nlohmann::ordered_json run_of(const Recording& recording, InternTables& shelves);

}  // namespace lab::report
