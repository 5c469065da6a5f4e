// The command line: `cleave <command>`.
#include <cstdio>
#include <exception>

#include "commands.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "cleave: memory that branches.\n"
      "A program keeps its state in a space. The space forks in under a microsecond, whatever its\n"
      "size; parent and child share what neither has changed, and see no write of each other.\n"};
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
    // Help and version come this way too, with status 0. The rest is bad usage: 2, as is the custom.
    return app.exit(told) == 0 ? 0 : 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave: %s\n", error.what());
    return 2;
  }
}
