// What a hunt finds, and how the answers of its parts are joined.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lab/hunt/play/question.h"

namespace lab::hunt {

/// What makes two findings one: the program in its canonical form, and what it shows.
struct FindingKey {
  std::uint64_t size = 0;  ///< acts: the shortest come first
  std::string program;
  std::string kind;
  std::string memory;  ///< "sc", "tso"
  std::strong_ordering operator<=>(const FindingKey&) const = default;
};

struct Finding {
  std::string name;                ///< "leak-fork-Cget-Cunmap-write"
  std::string end;                 ///< the condition, or what broke
  std::vector<std::string> rules;  ///< under which the minimal program shows it
  std::string litmus;              ///< as a file
  std::uint64_t count = 0;         ///< programs that came down to it
  bool operator==(const Finding&) const = default;
};

/// The answer of a part, or of several together.
struct Answer {
  std::uint64_t programs = 0;    ///< judged, each under all rule-sets that were left
  std::uint64_t judgements = 0;  ///< a program under a rule-set, each; or by the kernel, the engine
  std::uint64_t runs = 0;        ///< of which those of races had more than one
  std::uint64_t cut = 0;         ///< races that were too long to be explored to the end
  std::map<FindingKey, Finding> findings = {};
  std::map<std::string, std::uint64_t> known = {};  ///< judgements that came to a known harm, by it
  std::map<std::string, std::uint64_t> skipped = {};  ///< programs not judged, by the reason

  /// Adds another part's. The order of parts makes no difference.
  void add(const Answer& other);
  bool operator==(const Answer&) const = default;
};

/// The finding that a minimal program is, asked of all variants.
Finding finding_of(const Program& program, explore::Memory memory, const Shown& shown,
                   Question& question);
FindingKey key_of(const Program& program, explore::Memory memory, const Shown& shown);

/// What `tso` shows and `sc` too, under the same rules, is left out.
std::vector<std::pair<FindingKey, Finding>> worth_telling(const Answer& answer);

}  // namespace lab::hunt
