// A generated program as a litmus test.
#pragma once

#include "lab/hunt/program/program.h"
#include "lab/litmus/test.h"

namespace lab::hunt {

/// At which references a program looks last: at all that are left; or at those at which an outsider
/// can, which are not pins for a moment to write.
enum class Looks : std::uint8_t { all, outside };
[[nodiscard]] bool is_looked_at(const spec::Promise::Reference& reference, Looks looks);

/// The program as processes that hand the turn on by labels, with a thread more where two things
/// race in one process, and a last look through each reference that is left. Its condition, name
/// and texts are the caller's to add. `promise` is of the program, in either order.
litmus::Test test_of(const Program& program, const spec::Promise& promise,
                     Looks looks = Looks::all);

/// "leak-fork-Cget-Cunmap-write": the kind, where it begins if that is not a plain page, and the
/// words, those of the child with a C. Names a file: letters, digits, '-' and '_'.
std::string name_of(const Program& program, const std::string& kind);

}  // namespace lab::hunt
