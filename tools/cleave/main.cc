// The command line: `cleave <command>`.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "commands.h"

namespace {

// The parser would only say that a command is missing, also where one was misspelt.
int without_command(const CLI::App& app, int argc, char** argv) {
  std::string all;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    all += ' ' + command->get_name();
  const std::string given =
      argc > 1 ? fmt::format("there is no command {}", argv[1]) : "say what to do";
  fmt::print(stderr, "cleave: {}; the commands are:{}\nRun with --help for more information.\n",
             given, all);
  return 2;
}

int run(int argc, char** argv) {
  CLI::App app{
      "cleave: memory that branches.\n"
      "A program keeps its state in an arena, native memory that commits and checks out, or in a\n"
      "space, which forks in under a microsecond, whatever its size. Beside both stands a\n"
      "laboratory for the rules that Linux and others have for shared and pinned pages.\n"};
  app.set_version_flag("--version", "cleave " CLEAVE_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);

  add_demo(app);
  add_sqlite(app);
#if CLEAVE_HAVE_BENCH
  add_bench(app);
#endif
  add_litmus(app);
  add_doctor(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& failed) {
    return failed.get_exit_code();
  } catch (const CLI::ParseError& told) {
    if (told.get_name() == "RequiredError" && app.get_subcommands().empty())
      return without_command(app, argc, argv);
    // Help and version come this way too, with status 0. The rest is bad usage: 2, as is the custom.
    return app.exit(told) == 0 ? 0 : 2;
  }
  return 0;
}

// What is still in the buffer can be lost as well, on a full disk; then nothing was said, whatever was found.
int after_printing(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  fmt::print(stderr, "cleave: standard output cannot be written: {}\n", std::strerror(errno));
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return after_printing(run(argc, argv));
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave: %s\n", error.what());
    return 2;
  }
}
