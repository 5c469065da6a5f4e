// Where the engine says a memory order, by a name that is the same in every run.
#pragma once

#include <string_view>

#include <cleave/detail/explored.h>

namespace lab::engine {

/// "space/accessor_list.cc@53". Lives as long as the program does.
const char* site_of(const cleave::detail::sync::Line& where);

/// The function that `site` lies in: "advance".
const char* function_at(std::string_view site);

}  // namespace lab::engine
