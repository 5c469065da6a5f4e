// Where the engine says a memory order, by a name that is the same in every run.
#pragma once

#include <cleave/detail/explored.h>

namespace lab::engine {

/// "space/accessor_list.cc@53". Lives as long as the program does.
const char* site_of(const cleave::detail::sync::Line& where);

}  // namespace lab::engine
