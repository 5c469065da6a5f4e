// What was found as data for a page, apart from how it is drawn. data.md lists the members.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "lab/judge/explanation.h"
#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/report/data/recording.h"

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

/// The run of a judgement that is worth_explaining(), made anew. `max_seconds`: how long to look
/// for a simpler one, and again from where on it was inevitable. Refusals: those of explain().
tl::expected<std::optional<Shown>, explore::Refusal> show(const judge::Judgement& judgement,
                                                          double max_seconds);

/// The tests with their cells, and what these show. `shown` has a place for each judgement.
nlohmann::ordered_json data_of(const judge::TestFiles& tests,
                               const std::vector<judge::Judgement>& judgements,
                               const std::vector<std::optional<Shown>>& shown,
                               const std::vector<Column>& columns, explore::Search search);

}  // namespace lab::report
