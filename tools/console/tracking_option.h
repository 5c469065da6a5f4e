// --tracking, for the commands that work in an arena.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include <cleave/tracking.h>

namespace cleave::console {

/// `tracking` must outlive the parsing.
inline void add_tracking_option(CLI::App& command, Tracking& tracking) {
  std::map<std::string, Tracking> names;
  for (const Tracking way : {Tracking::automatic, Tracking::async, Tracking::sigbus,
                             Tracking::mprotect, Tracking::software}) {
    names.emplace(cleave::name(way), way);
  }
  command
      .add_option_function<std::string>(
          "--tracking",
          [&tracking](const std::string& given) { tracking = *tracking_named(given); },
          "How changed pages are found: automatic, async, sigbus, mprotect or software")
      ->check(CLI::IsMember(names));
}

}  // namespace cleave::console
