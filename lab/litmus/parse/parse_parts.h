// The parts of a file that parse() puts together. Each reads its part from the cursor, and fails it
// where the grammar is broken.
#pragma once

#include <vector>

#include "lab/litmus/parse/cursor.h"
#include "lab/litmus/test.h"

namespace lab::litmus {

/// How deep blocks and conditions may nest: readers recurse.
inline constexpr unsigned kDeepest = 16;

/// Statements up to `}` or the end. `last` gets the comments after the last one.
std::vector<Statement> parse_statements(Cursor& cursor, std::vector<std::string>& last,
                                        unsigned depth = 0);
/// `x`, `C:x[2]`, and where `halves`, `x.b`.
Place parse_place(Cursor& cursor, bool halves);
/// `.a` or `.b`, if there is one.
Half parse_half(Cursor& cursor);
Condition parse_condition(Cursor& cursor);
Expect parse_expect(Cursor& cursor);
Reach parse_reach(Cursor& cursor);
/// Judges up to `:` or the end of the line.
std::vector<Judges> parse_judges(Cursor& cursor);

}  // namespace lab::litmus
