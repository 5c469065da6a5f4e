// A small hunt, and what it found.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "lab/hunt/hunt.h"

namespace lab::hunt {

struct Asked {
  std::string rules = "A";
  std::string starts = "small";
  std::string words = "";
  std::uint32_t depth = 4;
  std::string before = "fork", race = "", after = "write";
  std::uint32_t before_most = 1, after_most = 1;
  std::vector<explore::Memory> memories = {};
  Performer performer = nullptr;
};

inline Options options_of(const Asked& asked) {
  Options options;
  for (std::size_t at = 0; at <= asked.rules.size();) {
    const std::size_t end = std::min(asked.rules.find('+', at), asked.rules.size());
    const auto some = judge::parse_variants(asked.rules.substr(at, end - at));
    options.variants.insert(options.variants.end(), some->begin(), some->end());
    at = end + 1;
  }
  options.starts = *parse_starts(asked.starts);
  options.depth = asked.depth;
  if (asked.depth > 0) options.words = *parse_shapes(asked.words);
  options.memories = asked.memories;
  if (!asked.memories.empty()) {
    options.before_words = *parse_shapes(asked.before);
    options.race_words = *parse_shapes(asked.race);
    options.after_words = *parse_shapes(asked.after);
  }
  options.before = asked.before_most;
  options.after = asked.after_most;
  options.performer = asked.performer;
  return options;
}

inline Answer hunted(const Options& options) {
  Answers answers;
  Effort effort;
  effort.jobs = 2;
  hunt(parts_of(options), effort, answers);
  return total(answers);
}
inline Answer hunted(const Asked& asked) { return hunted(options_of(asked)); }

/// "leak small: P fork; ...", of each finding.
inline std::vector<std::string> programs(const Answer& answer) {
  std::vector<std::string> all;
  for (const auto& [key, finding] : answer.findings) all.push_back(key.kind + ' ' + key.program);
  return all;
}

}  // namespace lab::hunt
