// Everything that was found as one page: the table, and behind each cell the run that shows it, to
// be stepped through.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/judge/explanation.h"
#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/report/recording.h"

namespace lab::report {

/// A judgement's run, and what there was at its start and after each of its steps.
struct Shown {
  judge::Explanation explanation;
  std::vector<model::View> views;
};

/// A judge that is no rule-set, such as the kernel that runs here or an engine: a column of its
/// own.
struct Column {
  struct Cell {
    struct End {
      std::string text;
      bool holds;
      std::uint64_t count;
    };
    const litmus::Test* test;
    litmus::Verdict verdict;
    judge::Standing standing;  ///< open: what is expected may yet be seen
    std::string said;          ///< beside the verdict: how often, how, or why it was not run
    bool skipped = false;      ///< then verdict and standing mean nothing
    std::vector<End> ends;
    std::vector<explore::Failure> failures = {};
    std::optional<Recording> recording = std::nullopt;  ///< a run to be stepped through
    std::shared_ptr<const Shown> shown = nullptr;       ///< the same, of an explored program
  };
  std::string name;     ///< "kernel"
  std::string kernels;  ///< "Linux 6.18.44": below the name
  std::string about;    ///< what its verdicts are worth
  std::vector<Cell> cells;
};

/// How a page is made.
struct PageOptions {
  explore::Search search = explore::Search::dpor;
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
