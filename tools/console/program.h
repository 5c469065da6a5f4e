// A command as a program: its options, its help, and its exit status. For the one file of a program
// that has its options: the parser is most of what that file takes to compile.
#pragma once

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "tools/console/describe.h"
#include "tools/console/exit.h"
#include "tools/console/output.h"

namespace cleave::console {

/// Runs a command to its end: `add_options` gives the parser its options, and the callbacks that
/// work. They end with Exit where the status is not 0. `name` is what people type: "cleave demo".
/// The result is main()'s: bad usage is 2, as is the custom, and so is an output that cannot be
/// written.
template <class AddOptions>
int run_program(const char* name, const char* about, AddOptions add_options, int argc,
                char** argv) {
  const auto parse = [&] {
    CLI::App app{about, name};
    app.failure_message(CLI::FailureMessage::simple);
    try {
      add_options(app);
      if (argc == 2 && argv[1] == kDescribe) {
        describe(app, name);
        return 0;
      }
      app.parse(argc, argv);
    } catch (const CLI::ParseError& told) {
      return app.exit(told) == 0 ? 0 : 2;  // Help comes this way too, with status 0.
    } catch (const Exit& exit) {
      return exit.status;
    }
    return 0;
  };
  try {
    return after_printing(name, parse());
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 2;
  }
}

}  // namespace cleave::console
