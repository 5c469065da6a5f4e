// Writes the man pages and the shell completions of the commands that are given.
//   cleave-manual <folder to write to> <version> <date> <program>...
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>

#include <fmt/format.h>

#include "tools/cleave/about.h"
#include "tools/cleave/commands.h"
#include "tools/console/programs.h"
#include "tools/manual/pages.h"

namespace cleave::manual {
namespace {

namespace fs = std::filesystem;

// `cleave`, whose options no parser reads.
Program cleave_itself() {
  std::string description = fmt::format("command\tcleave\t{}\n", command::kTitle);
  for (const command::Option& option : command::kOptions)
    description += fmt::format("option\t{}\tflag\t\t\t0\t0\t{}\n", option.names, option.what);
  description +=
      "option\tCOMMAND\targument\tTEXT\t\t1\t0\tWhat to do; `cleave help COMMAND` tells more\n"
      "option\tARGUMENT\targument\tTEXT\t\t0\t1\tWhat the command is given\n";
  Program cleave = read(description);
  cleave.front().about = command::kAbout;
  return cleave;
}

// In the order of the help. Of the programs that are given, and no others: a folder may hold one of
// an earlier build.
Programs all_of(std::span<char*> programs) {
  Programs all{cleave_itself()};
  for (const command::Command& command : command::kCommands) {
    for (const fs::path program : programs) {
      if (program.filename() != std::string("cleave-") + command.name) continue;
      all.push_back(read(console::output_of(program, {"--describe"})));
      if (all.back().empty())
        throw std::runtime_error(program.string() + ": does not describe itself");
    }
  }
  return all;
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
}

void write_all(const Programs& all, const fs::path& folder, const Edition& edition) {
  for (const Program& program : all)
    write(folder / "man" / (program_name(program) + ".1"), man_page(program, all, edition));
  write(folder / "bash" / "cleave", bash_completion(all));
  write(folder / "zsh" / "_cleave", zsh_completion(all));
  write(folder / "fish" / "cleave.fish", fish_completion(all));
}

}  // namespace
}  // namespace cleave::manual

int main(int argc, char** argv) {
  try {
    if (argc < 5) throw std::runtime_error("usage: cleave-manual INTO VERSION DATE PROGRAM...");
    const std::span all(argv, static_cast<std::size_t>(argc));
    cleave::manual::write_all(cleave::manual::all_of(all.subspan(4)), argv[1], {argv[2], argv[3]});
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave-manual: %s\n", error.what());
    return 2;
  }
}
