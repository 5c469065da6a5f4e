// What can be asked of a program under commits, as lines of text.
#pragma once

#include <string>
#include <string_view>

#include "adapters/program/state/program.h"

namespace cleave::program {

/// Does what the line says. The answer: lines, of which the first begins with "ok" or "no".
///   commit [NAME]    checkout NAME    revert    log    forget NAME    hash on|off    help
/// The program rests meanwhile.
std::string answer_to(Program& program, std::string_view line);

/// The same as functions have it: the outcome in words.
std::string text_of(const Answer& answer);

}  // namespace cleave::program
