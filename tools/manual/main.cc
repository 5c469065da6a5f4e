// Writes the man pages and the shell completions of all commands that lie in a folder.
//   cleave-manual <folder of the programs> <folder to write to> <version> <date>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
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

Programs all_in(const fs::path& folder) {
  Programs all{cleave_itself()};
  for (const command::Command& command : command::kCommands) {
    const fs::path program = folder / (std::string("cleave-") + command.name);
    if (!fs::exists(program)) continue;
    all.push_back(read(console::output_of(program, {"--describe"})));
    if (all.back().empty())
      throw std::runtime_error(program.string() + ": does not describe itself");
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
    if (argc != 5) throw std::runtime_error("usage: cleave-manual PROGRAMS INTO VERSION DATE");
    cleave::manual::write_all(cleave::manual::all_in(argv[1]), argv[2], {argv[3], argv[4]});
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave-manual: %s\n", error.what());
    return 2;
  }
}
