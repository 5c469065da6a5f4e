// Tests by rule-sets: the table, and what there is to say below it.
#pragma once

#include <string>
#include <vector>

#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/report/style/style.h"

namespace lab::report {

/// A judgement as one mark: `.` never, `x` sometimes, `X` always, `H` hangs, `B` broken; `!` after
/// it: not as expected, `?`: so far.
std::string mark(const judge::Judgement& judgement);
/// What the marks mean, in one line.
std::string legend();

/// A row for each test, a column for each variant that all tests were judged by (those that only
/// some tests name have no column: see lines()). Parts side by side go below each other where the
/// lines are too narrow.
std::string table(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                  const Style& style);

/// A line for each judgement: "leak/child-get-unmap  A  always  as expected  12 runs, exhaustive".
std::string lines(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                  const Style& style);

/// What deviates, and how to see more of it; nothing if nothing does.
std::string deviations(const judge::TestFiles& tests,
                       const std::vector<judge::Judgement>& judgements, const Style& style);

/// "52 tests, 712 judgements: 711 as expected, 1 not. All searched exhaustively. 12.3 s"
std::string summary(const judge::TestFiles& tests, const std::vector<judge::Judgement>& judgements,
                    double seconds);

}  // namespace lab::report
