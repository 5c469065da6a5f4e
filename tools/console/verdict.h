// How a command ends that checks something.
#pragma once

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cleave::console {

/// Does the work and prints its report. The command's exit status: 0; 1 if the report does not
/// pass; 2 and a message if the work cannot be done. `command` is what the message begins with.
template <class Work>
int give_verdict(const char* command, bool json, Work work) {
  decltype(work()) report;
  try {
    report = work();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", command, error.what());
    return 2;
  }
  json ? print_json(report) : print_text(report);
  return report.pass() ? 0 : 1;
}

/// The first ten, each as `text_of` has it, and how many more there are.
template <class Difference, class TextOf>
void print_differences(const std::vector<Difference>& all, TextOf text_of) {
  const std::size_t shown = std::min<std::size_t>(all.size(), 10);
  for (std::size_t i = 0; i < shown; ++i) fmt::print("{}\n", text_of(all[i]));
  if (all.size() > shown) fmt::print("{} more differ\n", all.size() - shown);
}

/// The last line of a report; before it, the options that lead to the same failure again.
inline void print_verdict(bool passes, const std::string& options) {
  if (!passes) fmt::print("To see it again, give {}.\n", options);
  fmt::print("{}\n", passes ? "PASS" : "FAIL");
}

}  // namespace cleave::console
