#include "lab/hunt/search/json.h"

#include <nlohmann/json.hpp>

namespace lab::hunt {

nlohmann::ordered_json json(const Answer& answer) {
  nlohmann::ordered_json json;
  json["programs"] = answer.programs;
  json["judgements"] = answer.judgements;
  json["runs"] = answer.runs;
  json["cut"] = answer.cut;
  if (!answer.known.empty()) json["known"] = answer.known;
  if (!answer.skipped.empty()) json["skipped"] = answer.skipped;
  json["findings"] = nlohmann::ordered_json::array();
  for (const auto& [key, finding] : answer.findings) {
    nlohmann::ordered_json one;
    one["size"] = key.size;
    one["program"] = key.program;
    one["kind"] = key.kind;
    one["memory"] = key.memory;
    one["name"] = finding.name;
    one["end"] = finding.end;
    one["rules"] = finding.rules;
    one["count"] = finding.count;
    one["litmus"] = finding.litmus;
    json["findings"].push_back(std::move(one));
  }
  return json;
}

}  // namespace lab::hunt
