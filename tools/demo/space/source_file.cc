#include "tools/demo/space/source_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include <cleave/units.h>

namespace cleave::demo::space {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  const char* path;
  const char* package;
};

// Programs of some MiB, from packages that building cleave needs. This program itself comes last.
constexpr std::array kCandidates{
    Candidate{"/usr/bin/cmake", "cmake"},  Candidate{"/usr/bin/ctest", "cmake"},
    Candidate{"/usr/bin/dwp", "binutils"}, Candidate{"/usr/bin/ccache", "ccache"},
    Candidate{"/proc/self/exe", "cleave"},
};

const Candidate& first_there() {
  for (const Candidate& candidate : kCandidates) {
    std::error_code ignored;
    if (fs::is_regular_file(candidate.path, ignored)) return candidate;
  }
  return kCandidates.back();
}

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw std::runtime_error(fmt::format("{}: {}", path, why));
}

}  // namespace

SourceFile find(const std::string& path) {
  if (path.empty()) {
    const Candidate& chosen = first_there();
    SourceFile file = find(chosen.path);
    file.package = chosen.package;
    return file;
  }

  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status)) refuse(path, "there is no such file; give the path of one that exists");
  if (fs::is_directory(status)) refuse(path, "this is a directory; give the path of a file in it");
  if (!fs::is_regular_file(status))
    refuse(path, "this is no regular file; copy its content to one");
  const std::uint64_t size = fs::file_size(path, failed);
  if (failed) refuse(path, failed.message());
  if (size == 0) refuse(path, "the file is empty; give one with something in it to change");
  return {path, "", size};
}

std::vector<std::byte> load(const SourceFile& file) {
  std::ifstream in(file.path, std::ios::binary);
  if (!in) refuse(file.path, std::strerror(errno));
  std::vector<std::byte> content((file.size + kPageSize - 1) / kPageSize * kPageSize);
  in.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(file.size));
  if (!in) refuse(file.path, "the file ended early; give one that no program is writing to");
  return content;
}

}  // namespace cleave::demo::space
