// The way to a swap file that is open in this process, behind its back.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace cleave::detail {

/// A descriptor, the caller's, of the file without a name that this process has open in `folder`.
/// -1: there is none.
inline int open_behind(const std::string& folder) {
  std::error_code gone;
  const std::string begin = std::filesystem::canonical(folder, gone).string() + "/";
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string target = std::filesystem::read_symlink(entry, gone).string();
    if (target.rfind(begin, 0) == 0) return open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
  }
  return -1;
}

}  // namespace cleave::detail
