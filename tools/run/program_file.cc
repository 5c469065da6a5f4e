#include "tools/run/program_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace cleave::command::run {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& program, const std::string& why) {
  throw std::runtime_error(program.string() + ": " + why);
}

bool is_program(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed) && access(path.c_str(), X_OK) == 0;
}

// "#!/usr/bin/env python3" is run by env, which finds python3 as a shell does.
fs::path interpreter_of(const fs::path& script, const std::string& line) {
  std::istringstream words(line.substr(2));
  std::string interpreter;
  words >> interpreter;
  if (fs::path(interpreter).filename() == "env") words >> interpreter;
  if (interpreter.empty()) refuse(script, "its first line names no interpreter");
  return found(interpreter);
}

bool is_linked_dynamically(std::ifstream& file, const Elf64_Ehdr& header) {
  std::vector<Elf64_Phdr> parts(header.e_phnum);
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  file.read(reinterpret_cast<char*>(parts.data()),
            static_cast<std::streamsize>(parts.size() * sizeof(Elf64_Phdr)));
  for (const Elf64_Phdr& part : parts) {
    if (file && part.p_type == PT_INTERP) return true;
  }
  return false;
}

void check_privileges(const fs::path& program) {
  struct stat about {};
  if (stat(program.c_str(), &about) != 0) return;
  const bool gains = (about.st_mode & (S_ISUID | S_ISGID)) != 0 ||
                     getxattr(program.c_str(), "security.capability", nullptr, 0) > 0;
  if (gains) {
    refuse(program,
           "gains privileges, and the loader lets nothing be preloaded into it; "
           "run a copy of it");
  }
}

}  // namespace

fs::path found(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    if (!is_program(program)) refuse(program, "there is no such program");
    return program;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    fs::path candidate = fs::path(folder.empty() ? "." : folder) / program;
    if (is_program(candidate)) return candidate;
  }
  refuse(program, "there is no such program on the PATH");
}

void check_can_preload(const fs::path& program) {
  check_privileges(program);
  std::ifstream file(program, std::ios::binary);
  if (!file) refuse(program, "cannot be read, so that how it is linked is not known");
  std::string line(2, '\0');
  file.read(line.data(), 2);
  if (line == "#!") {
    file.seekg(0);
    std::getline(file, line);
    return check_can_preload(interpreter_of(program, line));
  }
  Elf64_Ehdr header{};
  file.clear();
  file.seekg(0);
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!file || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    refuse(program, "is neither a program nor a script that names its interpreter");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    refuse(program, "is for another machine");
  }
  if (!is_linked_dynamically(file, header)) {
    refuse(program, "is linked statically: no library can be preloaded into it");
  }
}

}  // namespace cleave::command::run
