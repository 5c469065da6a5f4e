#include "tools/console/programs.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

namespace cleave::console {
namespace {

std::vector<std::filesystem::path> folders() {
  const std::filesystem::path own = own_folder();
  std::vector<std::filesystem::path> all{own, (own / CLEAVE_LIBEXEC).lexically_normal()};
  const char* path = std::getenv("PATH");
  std::istringstream rest(path == nullptr ? "" : path);
  for (std::string folder; std::getline(rest, folder, ':');) {
    if (!folder.empty()) all.emplace_back(folder);
  }
  return all;
}

std::string all_of(int file) {
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got; (got = read(file, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

std::filesystem::path own_folder() {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
}

std::optional<std::filesystem::path> find_program(const std::string& command) {
  for (const std::filesystem::path& folder : folders()) {
    std::filesystem::path program = folder / ("cleave-" + command);
    std::error_code failed;
    if (std::filesystem::is_regular_file(program, failed) && access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return std::nullopt;
}

std::string output_of(const std::filesystem::path& program, std::vector<std::string> arguments) {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = -1;
  const bool started =
      posix_spawn(&child, program.c_str(), &actions, nullptr, words.data(), environ) == 0;
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)close(ends[1]);
  std::string text = started ? all_of(ends[0]) : std::string();
  (void)close(ends[0]);
  if (started) (void)waitpid(child, nullptr, 0);
  return text;
}

}  // namespace cleave::console
