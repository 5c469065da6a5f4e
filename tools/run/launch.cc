#include "tools/run/launch.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "adapters/program/settings.h"
#include "tools/console/programs.h"
#include "tools/run/program_file.h"

namespace cleave::command::run {
namespace {

constexpr const char* kPreload = "LD_PRELOAD";

std::string library() {
  const auto path = console::own_folder() / "libcleave-run.so";
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path.string() + " is not there; it comes with this command");
  }
  // The loader takes both for ends of a name.
  if (path.string().find_first_of(": ") != std::string::npos) {
    throw std::runtime_error(path.string() +
                             ": the loader cannot preload from a path with a blank or a colon");
  }
  return path.string();
}

void set(const char* name, const std::string& value) { (void)setenv(name, value.c_str(), 1); }

}  // namespace

void become(const std::vector<std::string>& words, const std::string& control) {
  const auto program = found(words.front());
  check_can_preload(program);
  std::string preload = library();
  set(program::kStartVariable, "1");
  if (!control.empty()) set(program::kControlVariable, std::filesystem::absolute(control).string());
  if (const char* had = std::getenv(kPreload); had != nullptr && *had != '\0') {
    set(program::kPreloadVariable, had);
    preload += std::string(":") + had;
  }
  set(kPreload, preload);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  (void)execv(program.c_str(), arguments.data());
  throw std::runtime_error(program.string() + ": " + std::strerror(errno));
}

}  // namespace cleave::command::run
