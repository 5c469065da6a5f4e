// `cleave <command>`: starts the program cleave-<command>, as git does.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "tools/cleave/about.h"
#include "tools/cleave/commands.h"
#include "tools/console/output.h"
#include "tools/console/programs.h"

namespace cleave::command {
namespace {

void print_help() {
  (void)std::printf("cleave: %s.\n%s\nUsage: cleave [OPTIONS] COMMAND [ARGUMENT...]\n\nOptions:\n",
                    kTitle, kAbout);
  for (const Option& option : kOptions)
    (void)std::printf("  %-27s %s\n", option.names, option.what);
  (void)std::puts("\nCommands (cleave help COMMAND tells more):");
  std::string missing;
  for (const Command& command : kCommands) {
    if (console::find_program(command.name)) {
      (void)std::printf("  %-27s %s\n", command.name, command.what);
    } else {
      missing += std::string(" ") + command.name;
    }
  }
  if (!missing.empty()) (void)std::printf("\nNot built here:%s\n", missing.c_str());
}

int complain(const std::string& what) {
  (void)std::fprintf(stderr, "cleave: %s\nRun with --help for more information.\n", what.c_str());
  return 2;
}

std::string text_of_unknown(const std::string& name) {
  const Command* near = nearest(name);
  const std::string all = "he commands are:" + all_names();
  if (near == nullptr) return "there is no command " + name + "; t" + all;
  return "there is no command " + name + "; perhaps " + near->name + "? T" + all;
}

// Returns only where the program cannot be started.
int start(const std::string& name, std::vector<std::string> arguments) {
  // The name of a command is no path.
  const auto program =
      name.find('/') == std::string::npos ? console::find_program(name) : std::nullopt;
  if (!program) {
    const Command* known = command_named(name);
    if (known == nullptr) return complain(text_of_unknown(name));
    return complain("cleave-" + name + " is neither beside cleave nor on the PATH; " +
                    "the package " + known->package +
                    " has it, and building cleave makes it, as the target " + known->target);
  }
  arguments.insert(arguments.begin(), program->string());
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  (void)execv(program->c_str(), words.data());
  return complain(program->string() + ": " + std::strerror(errno));
}

int run(std::vector<std::string> words) {
  if (words.empty()) return complain("say what to do; the commands are:" + all_names());
  const std::string first = words.front();
  words.erase(words.begin());
  if (first == "--version") {
    (void)std::puts("cleave " CLEAVE_VERSION);
    return 0;
  }
  if (first == "--help" || first == "-h" || (first == "help" && words.empty())) {
    print_help();
    return 0;
  }
  if (first == "help") {
    words.push_back("--help");
    return start(words.front(), {words.begin() + 1, words.end()});
  }
  if (first.starts_with('-')) return complain("there is no option " + first);
  return start(first, std::move(words));
}

}  // namespace
}  // namespace cleave::command

int main(int argc, char** argv) {
  try {
    const int status = cleave::command::run({argv + 1, argv + argc});
    return cleave::console::after_printing("cleave", status);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave: %s\n", error.what());
    return 2;
  }
}
