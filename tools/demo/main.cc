// `cleave demo` and `cleave demo space`.
#include "tools/console/program.h"
#include "tools/console/tracking_option.h"
#include "tools/demo/database/demo.h"
#include "tools/demo/space/demo.h"

namespace {

using cleave::console::Exit;

void add_space(CLI::App& demo, cleave::demo::space::Options& options) {
  CLI::App* space = demo.add_subcommand(
      "space", "Branch a file a thousand times on four threads, and check every byte");
  space->add_option("FILE", options.path,
                    "The file; by default one of the build tools, such as cmake");
  CLI::Option* branches =
      space->add_option("--branches", options.branches, "How many forks to make")
          ->check(CLI::Range(1, 1'000'000))
          ->capture_default_str();
  space->add_option("--threads", options.threads, "How many threads make them")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  space->add_option("--seed", options.seed, "Another seed gives other branches")
      ->capture_default_str();
  space
      ->add_flag_callback(
          "--quick", [&options] { options.be_quick(); }, "Only 100 branches")
      ->excludes(branches);
  space->add_flag("--spoil", options.spoil,
                  "Change a bit of a branch and one of the I/O in secret: the demo must find both");
  space->add_flag("--json", options.json, "Print one JSON object");
  space->callback([&options] { throw Exit{cleave::demo::space::run(options)}; });
}

void add_database(CLI::App& demo, cleave::demo::database::Options& options) {
  demo.add_option("DB", options.path,
                  "An SQLite database; without one: what dpkg knows of this machine's packages");
  CLI::Option* branches =
      demo.add_option("--branches", options.branches, "How many branches to grow")
          ->check(CLI::Range(1, 100'000))
          ->capture_default_str();
  CLI::Option* steps = demo.add_option("--steps", options.steps, "How many checkouts to walk")
                           ->check(CLI::Range(1, 1'000'000))
                           ->capture_default_str();
  demo.add_option("--seed", options.seed, "Another seed gives other branches")
      ->capture_default_str();
  cleave::console::add_tracking_option(demo, options.tracking);
  demo.add_flag_callback(
          "--quick", [&options] { options.be_quick(); },
          "Few branches, few steps, each time measured once")
      ->excludes(branches)
      ->excludes(steps);
  demo.add_flag("--spoil", options.spoil,
                "Change a bit of the memory in secret: the demo must find it");
  demo.add_flag("--json", options.json, "Print one JSON object");
  demo.callback([&options] { throw Exit{cleave::demo::database::run(options)}; });
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  cleave::demo::database::Options database;
  cleave::demo::space::Options space;
  return cleave::console::run_program(
      "cleave demo", "Branch a real SQLite database, walk the branches, and compare every row",
      [&](CLI::App& demo) {
        add_database(demo, database);
        add_space(demo, space);
      },
      argc, argv);
}
