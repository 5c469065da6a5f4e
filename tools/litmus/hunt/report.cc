#include "tools/litmus/hunt/report.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lab/hunt/program/canonical.h"
#include "lab/hunt/search/json.h"
#include "lab/litmus/parse/parse.h"
#include "lab/words/counted.h"

namespace cleave::litmus {
namespace {

using lab::hunt::Finding;
using lab::hunt::FindingKey;

struct Units {
  std::size_t made = 0;
  std::size_t all = 0;
};

Units units_of(const HuntReport& report) {
  Units units;
  for (std::size_t i = 0; i < report.journal.answers.size(); ++i) {
    if (!report.shard.has(i)) continue;
    ++units.all;
    units.made += report.journal.answers[i] ? 1 : 0;
  }
  return units;
}

// By canonical form, the name of the test that is this program.
std::map<std::string, std::string> by_form(const lab::judge::TestFiles& catalogue) {
  std::map<std::string, std::string> names;
  for (const auto& file : catalogue) names.emplace(lab::hunt::canonical(file->test), file->name);
  return names;
}

std::string known_as(const Finding& finding, const std::map<std::string, std::string>& names) {
  const auto test = lab::litmus::parse(finding.litmus);
  if (!test) return {};
  const auto known = names.find(lab::hunt::canonical(*test));
  return known == names.end() ? std::string() : known->second;
}

std::uint64_t skipped_in(const lab::hunt::Answer& answer) {
  std::uint64_t sum = 0;
  for (const auto& [why, count] : answer.skipped) sum += count;
  return sum;
}

}  // namespace

bool is_whole(const HuntReport& report) {
  const Units units = units_of(report);
  return units.made == units.all && lab::hunt::total(report.journal.answers).cut == 0;
}

std::string coverage_of(const HuntReport& report) {
  const Units units = units_of(report);
  const lab::hunt::Answer sum = lab::hunt::total(report.journal.answers);
  std::string text = lab::words::counted(sum.programs, "program") + ", " +
                     lab::words::counted(sum.judgements, "judgement") + ", " +
                     lab::words::counted(sum.runs, "run");
  if (report.seconds > 0) text += fmt::format(", {:.1f} s", report.seconds);
  text += units.made == units.all
              ? ": everything up to the bound"
              : fmt::format(": {} of {}", units.made, lab::words::counted(units.all, "unit"));
  if (report.shard.count > 1)
    text += fmt::format(" of shard {}/{}", report.shard.index, report.shard.count);
  if (const std::uint64_t skipped = skipped_in(sum); skipped > 0)
    text += fmt::format("; {} {} skipped ({:.0f} %)", lab::words::counted(skipped, "program"),
                        skipped == 1 ? "was" : "were",
                        100.0 * static_cast<double>(skipped) / static_cast<double>(sum.programs));
  if (sum.cut > 0)
    text += fmt::format("; {} {} not explored to the end", lab::words::counted(sum.cut, "race"),
                        sum.cut == 1 ? "was" : "were");
  return text + '.';
}

std::string text_of(const HuntReport& report, const lab::judge::TestFiles& catalogue) {
  const auto findings = worth_telling(lab::hunt::total(report.journal.answers));
  const auto names = by_form(catalogue);
  std::string text = report.journal.identity.options + "\n" + coverage_of(report) + "\n";
  std::size_t told = 0;
  for (const auto& [key, finding] : findings) {
    if (report.most != 0 && told == report.most) break;
    ++told;
    text +=
        fmt::format("{:<8}{}{}  [{}]  under {}, {}\n", key.kind,
                    key.memory == "sc" ? "" : key.memory + " ", key.program, finding.end,
                    fmt::join(finding.rules, " "), lab::words::counted(finding.count, "program"));
    const std::string known = known_as(finding, names);
    if (!known.empty()) text += fmt::format("    = {}\n", known);
  }
  if (findings.size() > told)
    text += fmt::format("{} more; -v lists all\n", findings.size() - told);
  text += lab::words::counted(findings.size(), "minimal program") + "\n";
  const lab::hunt::Answer sum = lab::hunt::total(report.journal.answers);
  for (const auto& [harm, count] : sum.known)
    text += fmt::format("known {}: {} {} in it (docs/reference/hunt.md)\n", harm,
                        lab::words::counted(count, "judgement"), count == 1 ? "ends" : "end");
  for (const auto& [why, count] : sum.skipped) text += fmt::format("skipped {}: {}\n", count, why);
  return text;
}

std::string json_of(const HuntReport& report, const lab::judge::TestFiles& catalogue) {
  const auto names = by_form(catalogue);
  const lab::hunt::Answer sum = lab::hunt::total(report.journal.answers);
  const Units units = units_of(report);
  nlohmann::ordered_json json;
  json["version"] = 1;
  json["build"] = report.journal.identity.build;
  json["hunt"] = report.journal.identity.options;
  json["units"] = {{"made", units.made}, {"all", units.all}};
  json["programs"] = sum.programs;
  json["judgements"] = sum.judgements;
  json["runs"] = sum.runs;
  json["cut"] = sum.cut;
  json["known"] = sum.known;
  json["skipped"] = sum.skipped;
  json["whole"] = is_whole(report);
  json["seconds"] = report.seconds;
  json["findings"] = nlohmann::ordered_json::array();
  for (const auto& [key, finding] : worth_telling(sum)) {
    nlohmann::ordered_json one = lab::hunt::json(key, finding);
    if (std::string name = known_as(finding, names); !name.empty())
      one["catalogue"] = std::move(name);
    json["findings"].push_back(std::move(one));
  }
  return json.dump(2) + '\n';
}

}  // namespace cleave::litmus
