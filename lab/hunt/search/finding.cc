#include "lab/hunt/search/finding.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/hunt/program/applies.h"
#include "lab/hunt/search/file.h"

namespace lab::hunt {

void Answer::add(const Answer& other) {
  programs += other.programs;
  judgements += other.judgements;
  runs += other.runs;
  cut += other.cut;
  for (const auto& [harm, count] : other.known) known[harm] += count;
  for (const auto& [why, count] : other.skipped) skipped[why] += count;
  for (const auto& [key, finding] : other.findings) {
    const auto [at, fresh] = findings.try_emplace(key, finding);
    if (!fresh) at->second.count += finding.count;
  }
}

FindingKey key_of(const Program& program, explore::Memory memory, const Shown& shown) {
  return {program.size(), text(program), shown.kind, explore::name(memory)};
}

Finding finding_of(const Program& program, explore::Memory memory, const Shown& shown,
                   Question& question) {
  const Options& options = question.options();
  Finding finding;
  finding.count = 1;
  finding.name = name_of(program, shown.kind);
  finding.end = shown.what;
  std::vector<bool> shows;
  for (std::size_t i = 0; i < options.variants.size(); ++i) {
    const auto some = question.ask(program, i, memory);
    shows.push_back(applies(options.variants[i], program) && some && some->kind == shown.kind &&
                    some->known == shown.known);
    if (shows.back()) finding.rules.push_back(options.variants[i].text);
  }
  finding.litmus = file_of(program, memory, shown, options, shows);
  return finding;
}

std::vector<std::pair<FindingKey, Finding>> worth_telling(const Answer& answer) {
  std::vector<std::pair<FindingKey, Finding>> result;
  for (const auto& [key, finding] : answer.findings) {
    FindingKey strict = key;
    strict.memory = explore::name(explore::Memory::sc);
    const auto under_sc = answer.findings.find(strict);
    const bool known = key.memory != strict.memory && under_sc != answer.findings.end() &&
                       under_sc->second.rules == finding.rules;
    if (!known) result.emplace_back(key, finding);
  }
  return result;
}

}  // namespace lab::hunt
