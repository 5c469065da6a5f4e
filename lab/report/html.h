// Everything that was found as one page: the table, and behind each cell the run that shows it, to
// be stepped through.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/report/data/data.h"
#include "lab/report/origin.h"

namespace lab::report {

/// How a page is made.
struct PageOptions {
  explore::Search search = explore::Search::dpor;
  Origin origin = {};
  unsigned jobs = 1;  ///< runs that are drawn at once
  /// How long to look for a simpler run, and from where on it was inevitable; each, for each cell.
  double max_seconds = 0.25;
  /// Called after each run, one call at a time, with how many of how many are drawn.
  std::function<void(std::size_t, std::size_t)> done = nullptr;
};

/// The page. It needs nothing but itself: no network, no other file. Runs are made anew for
/// judgements that worth_explaining(). Refusals: those of explain().
tl::expected<std::string, explore::Refusal> html(const judge::TestFiles& tests,
                                                 const std::vector<judge::Judgement>& judgements,
                                                 const std::vector<Column>& columns,
                                                 const PageOptions& options);

}  // namespace lab::report
