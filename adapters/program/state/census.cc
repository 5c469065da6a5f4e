#include "adapters/program/state/census.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include "adapters/program/kernel/digits.h"
#include "adapters/program/memory/kernel_maps.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

std::string text_of(const std::string& path) {
  std::array<char, 256> text{};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t got = read(file, text.data(), text.size());
  (void)close(file);
  return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

/// "4711 (worker)"; empty: there is one thread.
std::string second_thread() {
  std::string name;
  DIR* folder = opendir("/proc/self/task");
  if (folder == nullptr) return name;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.' || std::atoi(entry->d_name) == getpid()) continue;
    std::string called = text_of(std::string("/proc/self/task/") + entry->d_name + "/comm");
    while (!called.empty() && called.back() == '\n') called.pop_back();
    name = std::string(entry->d_name) + " (" + called + ")";
    break;
  }
  (void)closedir(folder);
  return name;
}

std::string ring_descriptor() {
  for (const int number : open_descriptors()) {
    if (is_own_descriptor(number)) continue;
    std::array<char, 64> to{};
    const std::string path = "/proc/self/fd/" + std::to_string(number);
    if (readlink(path.c_str(), to.data(), to.size() - 1) > 0 &&
        std::string_view(to.data()) == "anon_inode:[io_uring]") {
      return std::to_string(number);
    }
  }
  return {};
}

}  // namespace

Census::Census(const Members& members) : members_(members) {
  for (const KernelMap& map : kernel_maps()) {
    if (map.writable && !members.contains(reinterpret_cast<const void*>(map.first), 0)) {
      own_.emplace_back(map.first, map.end);
    }
  }
}

std::string Census::refusal() const {
  if (const std::string thread = second_thread(); !thread.empty()) {
    return "the program has a second thread, " + thread +
           ": its registers are in no commit, and it would run on in memory that goes back";
  }
  if (const std::string ring = ring_descriptor(); !ring.empty()) {
    return "descriptor " + ring +
           " is an io_uring: the kernel may write to the program's memory at any moment";
  }
  return {};
}

void Census::tell(Told& told) const {
  tell_memory(told);
  siginfo_t child{};
  if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
    told.emplace_back("the program has children; they do not go back");
  }
  if (!text_of("/proc/self/timers").empty()) {
    told.emplace_back("the program has timers of timer_create(2); they do not go back");
  }
}

void Census::tell_memory(Told& told) const {
  for (const KernelMap& map : kernel_maps()) {
    if (!map.writable || map.path.starts_with("/memfd:cleave")) continue;
    if (members_.contains(reinterpret_cast<const void*>(map.first), 0)) continue;
    const bool known = std::any_of(own_.begin(), own_.end(), [&](const auto& own) {
      return map.first >= own.first && map.end <= own.second;
    });
    if (known) continue;
    const std::string name = map.path.empty() ? "anonymous memory" : map.path;
    told.push_back(name + " at 0x" + hexadecimal(map.first) +
                   (map.shared ? " is shared with others, and does not go back"
                               : " was mapped past this library, and does not go back"));
  }
}

}  // namespace cleave::program
