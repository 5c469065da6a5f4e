// What a hunt found, for people and for programs.
#pragma once

#include <string>

#include "lab/hunt/journal.h"
#include "lab/judge/files.h"

namespace cleave::litmus {

struct HuntReport {
  const lab::hunt::Journal& journal;
  lab::hunt::Shard shard;
  double seconds = 0;     ///< 0: not known
  std::size_t most = 20;  ///< findings that are listed; 0: all
};

/// Whether every unit of the shard was made, and each race in it explored to its end.
bool is_whole(const HuntReport& report);
/// How far the search went, in a sentence, and never more than that.
std::string coverage_of(const HuntReport& report);
/// The findings, shortest first. Those that `catalogue` has are named by the test there.
std::string text_of(const HuntReport& report, const lab::judge::TestFiles& catalogue);
/// The same as one JSON object.
std::string json_of(const HuntReport& report, const lab::judge::TestFiles& catalogue);

}  // namespace cleave::litmus
