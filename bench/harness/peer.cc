#include "bench/harness/peer.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "measure/system.h"

namespace cleave::bench {
namespace {

std::filesystem::path own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "cleave-bench-XXXXXX").string();
  measure::must_hold(mkdtemp(name.data()) != nullptr, "mkdtemp(3) failed for a peer's files");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path command_beside(const std::string& name) { return own_folder() / name; }

std::filesystem::path example_of_the_build(const std::string& name) {
  return own_folder().parent_path() / "examples" / name / name;
}
std::filesystem::path peer_of_the_build(const std::string& name) {
  return own_folder().parent_path() / "bench" / name;
}

std::string missing(const std::vector<std::filesystem::path>& of_the_build,
                    const std::string& else_why) {
  for (const std::filesystem::path& file : of_the_build) {
    if (!std::filesystem::exists(file)) return "the build has no " + file.string();
  }
  return else_why;
}

bool installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

Finished run(const std::vector<std::string>& command, const std::filesystem::path& folder) {
  int pipe_ends[2];
  measure::must_hold(pipe2(pipe_ends, O_CLOEXEC) == 0, "pipe2(2) failed");
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // execvp(3) does not write to them.
  }
  arguments.push_back(nullptr);
  const pid_t child = measure::start_process([&] {
    if (chdir(folder.c_str()) != 0) _exit(127);
    dup2(pipe_ends[1], STDOUT_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  });
  close(pipe_ends[1]);
  Finished finished{-1, {}, 0};
  char buffer[4096];
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
    finished.output.append(buffer, static_cast<std::size_t>(got));
  }
  close(pipe_ends[0]);
  int status = 0;
  rusage usage{};
  measure::must_hold(wait4(child, &status, 0, &usage) == child, "wait4(2) failed for a peer");
  if (WIFEXITED(status)) finished.status = WEXITSTATUS(status);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  finished.processor_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return finished;
}

std::optional<double> number_before(const std::string& text, const std::string& words) {
  const std::size_t end = text.find(words);
  if (end == std::string::npos) return std::nullopt;
  const std::size_t begin = text.find_last_not_of("0123456789.e+", end - 1) + 1;
  return begin < end ? std::optional(std::strtod(text.c_str() + begin, nullptr)) : std::nullopt;
}

std::optional<double> number_behind(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text.c_str() + at + words.size(), nullptr);
}

}  // namespace cleave::bench
