// --tracking, for the commands that work in an arena.
#pragma once

#include <CLI/CLI.hpp>

#include "cleave/arena/tracking.h"

/// `tracking` must outlive the parsing.
void add_tracking_option(CLI::App& command, cleave::Tracking& tracking);
