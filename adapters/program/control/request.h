// What the program itself asks for, by the functions of <cleave/program/run.h>.
#pragma once

#include "adapters/program/state/program.h"

namespace cleave::program {

/// Does what a function has asked for that waits in its signal, if one does.
void serve_request(Program& program);

}  // namespace cleave::program
