// The commands of `cleave`, each a program of its own.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace cleave::command {

struct Command {
  const char* name;
  const char* what;
  /// What has to be built for it, and with which option where that may be off.
  const char* target;
  /// The Debian package that has it.
  const char* package;
};

inline constexpr std::array kCommands{
    Command{"demo", "Branch a real SQLite database, walk the branches, and compare every row",
            "cleave_tool_demo", "cleave"},
    Command{"sqlite", "An SQL shell on a database that commits and checks out",
            "cleave_tool_sqlite", "cleave"},
    Command{"run", "Run an unmodified program that commits, and goes back, as a whole",
            "cleave_tool_run, on x86-64", "cleave"},
    Command{"image", "Keep commits beyond their process: push, clone, check out, verify",
            "cleave_tool_image, where libssl-dev and libzstd-dev are installed", "cleave"},
    Command{"bench", "Measure, and show each figure beside a baseline's",
            "cleave_tool_bench, with CLEAVE_BENCH=ON", "cleave"},
    Command{"litmus",
            "Ask whether a run can end in a given way, under each rule-set of Linux and others",
            "cleave_tool_litmus, with CLEAVE_LAB=ON", "cleave-lab"},
    Command{"doctor",
            "Say what works on this machine, what it costs, and what to do about the rest",
            "cleave_tool_doctor", "cleave"},
};

/// Of that name; nullptr: cleave comes with none.
const Command* command_named(std::string_view name);

/// The command whose name is the nearest by spelling; nullptr: none is near.
const Command* nearest(std::string_view name);

/// " demo sqlite run image bench litmus doctor"
std::string all_names();

}  // namespace cleave::command
