// A run as it was seen from outside, between its statements: what a judge has to show that is no
// model.
#pragma once

#include <string>
#include <vector>

#include "lab/model/view.h"
#include "lab/report/style/style.h"

namespace lab::report {

struct Recording {
  struct Step {
    std::uint32_t thread;
    std::string operation;  ///< "write x 77"
    std::string gave;       ///< "r = 77"; empty: it gives nothing
    model::View after;
  };
  // Names, by number.
  std::vector<std::string> pages, processes, references, threads;
  model::View start;
  std::vector<Step> steps;
  std::string end;  ///< what the run ended with: "C:r=77;"
};

/// A line for each step: what each process' addresses name after it, and what is referred to. Pages
/// are numbered as they come up; `!` is the exclusive mark, and a value follows where it is known.
/// Lines are indented by four.
std::string text(const Recording& recording, const Style& style);

}  // namespace lab::report
