// --tracking, for the commands that work in an arena.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cleave/tracking.h>

namespace cleave::console {

/// `tracking` must outlive the parsing.
inline void add_tracking_option(CLI::App& command, Tracking& tracking) {
  std::vector<std::string> names{cleave::name(Tracking::automatic)};
  for (const Tracking way : trackings()) names.emplace_back(cleave::name(way));
  command
      .add_option_function<std::string>(
          "--tracking",
          [&tracking](const std::string& given) { tracking = *tracking_named(given); },
          fmt::format("How changed pages are found: {}", fmt::join(names, ", ")))
      ->type_name("WAY")
      ->check(CLI::IsMember(names));
}

}  // namespace cleave::console
