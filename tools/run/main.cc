// `cleave run`: a program that goes back in time.
#include <cstdio>
#include <string>
#include <vector>

#include "tools/console/program.h"
#include "tools/run/client.h"
#include "tools/run/launch.h"
#include "tools/run/shell.h"

namespace cleave::command::run {
namespace {

struct Options {
  std::string control;
  std::string to;
  bool shell = false;
  std::vector<std::string> words;
};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

void send(const Options& options) {
  const std::string answer = Client(options.to).ask(joined(options.words));
  (void)std::fputs(answer.c_str(), stdout);
  if (!answer.starts_with("ok")) throw console::Exit{1};
}

void add_options(CLI::App& run, Options& options) {
  run.add_option("PROGRAM", options.words,
                 "The program and what it is given; with --to, a command: see `--to SOCKET help`")
      ->required();
  run.add_option("--control", options.control, "Have the program listen for commands at a socket")
      ->type_name("SOCKET");
  run.add_option("--to", options.to, "Give a program that runs a command by its socket")
      ->type_name("SOCKET")
      ->excludes("--control");
  run.add_flag("--shell", options.shell,
               "Take commands from this terminal, after Ctrl-]; from a script, lines with a colon")
      ->excludes("--control")
      ->excludes("--to");
  run.footer(
      "Options of the program come after --, as in\n"
      "  cleave run --control /tmp/lua -- lua5.4 -i\n"
      "  cleave run --to /tmp/lua commit before\n"
      "  cleave run --to /tmp/lua checkout before");
  run.callback([&options] {
    if (!options.to.empty()) return send(options);
    if (options.shell) throw console::Exit{run_in_shell(options.words)};
    become(options.words, options.control);
  });
}

}  // namespace
}  // namespace cleave::command::run

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  cleave::command::run::Options options;
  return cleave::console::run_program(
      "cleave run", "Run an unmodified program that commits, and goes back, as a whole",
      [&](CLI::App& run) { cleave::command::run::add_options(run, options); }, argc, argv);
}
