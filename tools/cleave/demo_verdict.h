// How every demo ends.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

namespace cleave::demo {

/// Does the work, prints its report, and ends the command: with status 1 if the report does not pass, with 2 and a
/// message if the work cannot be done. `command` is what the message begins with.
template <class Work>
void give_verdict(const char* command, bool json, Work work) {
  decltype(work()) report;
  try {
    report = work();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", command, error.what());
    throw CLI::RuntimeError(2);
  }
  json ? print_json(report) : print_text(report);
  if (!report.pass()) throw CLI::RuntimeError(1);
}

}  // namespace cleave::demo
