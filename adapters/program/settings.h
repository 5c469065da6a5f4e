// What `cleave run` tells the library that it preloads, by the environment; the library takes it
// out again, so that a program that is started by the program runs as usual.
#pragma once

namespace cleave::program {

/// Set: the process is to be under commits.
inline constexpr const char* kStartVariable = "CLEAVE_RUN";
/// Where to listen for commands.
inline constexpr const char* kControlVariable = "CLEAVE_RUN_CONTROL";
/// What LD_PRELOAD is to be for the program; empty: not set.
inline constexpr const char* kPreloadVariable = "CLEAVE_RUN_PRELOAD";

}  // namespace cleave::program
