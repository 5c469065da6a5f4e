#include "tracking_option.h"

#include <map>
#include <string>

void add_tracking_option(CLI::App& command, cleave::Tracking& tracking) {
  using cleave::Tracking;
  std::map<std::string, Tracking> names;
  for (const Tracking way : {Tracking::automatic, Tracking::async, Tracking::sigbus,
                             Tracking::mprotect, Tracking::software}) {
    names.emplace(cleave::name(way), way);
  }
  command
      .add_option_function<std::string>(
          "--tracking",
          [&tracking](const std::string& given) { tracking = *cleave::tracking_named(given); },
          "How changed pages are found: automatic, async, sigbus, mprotect or software")
      ->check(CLI::IsMember(names));
}
