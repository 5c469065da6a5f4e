// What each way back costs.
#pragma once

#include <array>
#include <string_view>

#include "examples/fuzz/ways.h"

namespace cleave::example {

struct Input {
  std::string_view name;
  std::string_view statements;
  bool is_long;
};
inline constexpr std::array kInputs{
    Input{"select one", "SELECT 1", false},
    Input{"insert a row", "INSERT INTO t (b, c) VALUES ('x', 5)", false},
    Input{"update 41 rows", "UPDATE t SET c = c + 1 WHERE a BETWEEN 100 AND 140", false},
    Input{"drop and create",
          "DROP TABLE u; CREATE TABLE w (q); INSERT INTO w SELECT b FROM t LIMIT 20", false},
    Input{"delete half", "DELETE FROM t WHERE a % 2 = 0", true},
};

struct Measured {
  double microseconds;  ///< the median of one input and the way back
  bool right;           ///< each ended well, and the next finds what was prepared
};

/// One input `times` over.
Measured measure(Way& way, const Input& input, unsigned times);

/// Makes a way, and measures with it what lines of the standard input ask for: a number of times
/// and an input's name. The answers are lines with a median, or "wrong". The exit status; 77: the
/// way is not to be had here.
int answer_by(const char* way);

}  // namespace cleave::example
