// Everything that was found as one page: the table, and behind each cell the run that shows it, to be stepped through.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/judge/files.h"
#include "lab/judge/judge.h"

namespace lab {

/// A judge that is no rule-set, such as the kernel that runs here or an engine: a column of its own. What it did is told
/// in words, since its runs have no steps to show.
struct Column {
  struct Cell {
    const litmus::Test* test;
    litmus::Verdict verdict;
    std::string said;      ///< below the verdict: how often, how, or why it was not run
    bool skipped = false;  ///< then the verdict means nothing
    bool deviates = false;
  };
  std::string name;   ///< "kernel"
  std::string about;  ///< "Linux 6.18, which runs here"
  std::vector<Cell> cells;
};

/// How a page is made.
struct PageOptions {
  Search search = Search::dpor;
  unsigned threads = 1;
  /// How long to look for a simpler run, and from where on it was inevitable; each, for each cell.
  double max_seconds = 0.25;
  /// Called after each run, one call at a time, with how many of how many are drawn.
  std::function<void(std::size_t, std::size_t)> done = nullptr;
};

/// The page. It needs nothing but itself: no network, no other file. Runs are made anew for judgements that
/// worth_explaining(). Refusals: those of explain().
tl::expected<std::string, Refusal> html(const TestFiles& tests,
                                        const std::vector<Judgement>& judgements,
                                        const std::vector<Column>& columns,
                                        const PageOptions& options);

}  // namespace lab
