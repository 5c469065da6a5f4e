#include "lab/hunt/search/json.h"

#include <nlohmann/json.hpp>

namespace lab::hunt {

nlohmann::ordered_json json(const FindingKey& key, const Finding& finding) {
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
  return one;
}

nlohmann::ordered_json json(const Answer& answer) {
  nlohmann::ordered_json json;
  json["programs"] = answer.programs;
  json["judgements"] = answer.judgements;
  json["runs"] = answer.runs;
  json["cut"] = answer.cut;
  if (!answer.known.empty()) json["known"] = answer.known;
  if (!answer.skipped.empty()) json["skipped"] = answer.skipped;
  json["findings"] = nlohmann::ordered_json::array();
  for (const auto& [key, finding] : answer.findings)
    json["findings"].push_back(hunt::json(key, finding));
  return json;
}

Answer answer_in(const nlohmann::ordered_json& json) {
  Answer answer{json.at("programs"), json.at("judgements"), json.at("runs"), json.at("cut")};
  if (json.contains("known")) answer.known = json["known"];
  if (json.contains("skipped")) answer.skipped = json["skipped"];
  for (const auto& one : json.at("findings"))
    answer.findings.emplace(
        FindingKey{one.at("size"), one.at("program"), one.at("kind"), one.at("memory")},
        Finding{one.at("name"), one.at("end"), one.at("rules"), one.at("litmus"), one.at("count")});
  return answer;
}

}  // namespace lab::hunt
