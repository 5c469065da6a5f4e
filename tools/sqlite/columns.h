// Rows of a result as aligned columns.
#pragma once

#include <cstddef>

#include "adapters/sqlite/connection.h"

namespace cleave::shell {

/// Runs `statement` and prints its rows below a heading, numbers to the right; nothing if it gives
/// no columns. Widths follow the first thousand rows. On a terminal, `widest` characters are shown
/// of a value; 0: all. Throws sqlite::DatabaseError where a step fails, after the rows before it.
void print_rows(sqlite::Statement& statement, std::size_t widest);

}  // namespace cleave::shell
