#include "adapters/program/state/census.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "adapters/program/kernel/digits.h"
#include "adapters/program/kernel/text_of.h"
#include "adapters/program/memory/kernel_maps.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/entries.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

/// "4711 (worker)"; empty: there is one thread; nothing: it is not known.
std::optional<std::string> second_thread() {
  const Entries tasks("/proc/self/task");
  std::string found;
  while (const char* name = tasks.next()) {
    if (std::atoi(name) == getpid() || !found.empty()) continue;
    const std::string path = std::string("/proc/self/task/") + name + "/comm";
    std::string called = text_of(path.c_str()).value_or("");
    while (!called.empty() && called.back() == '\n') called.pop_back();
    found = std::string(name) + " (" + called + ")";
  }
  if (!tasks.is_complete()) return std::nullopt;
  return found;
}

std::string not_known(const char* file) {
  return std::string(file) + " cannot be read, so that it is not known what would not go back; " +
         "is /proc mounted, and is a descriptor left under RLIMIT_NOFILE?";
}

bool is_ring(int number) {
  std::array<char, 64> to{};
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  return readlink(path.c_str(), to.data(), to.size() - 1) > 0 &&
         std::string_view(to.data()) == "anon_inode:[io_uring]";
}

}  // namespace

std::optional<Census> Census::of(const Members& members) {
  const auto maps = kernel_maps();
  if (!maps) return std::nullopt;
  Census census(members);
  for (const KernelMap& map : *maps) {
    if (map.writable && !members.contains(reinterpret_cast<const void*>(map.first), 0)) {
      census.own_.emplace_back(map.first, map.end);
    }
  }
  return census;
}

std::string Census::refusal() const {
  const auto thread = second_thread();
  if (!thread) return not_known("/proc/self/task");
  if (!thread->empty()) {
    return "the program has a second thread, " + *thread +
           ": its registers are in no commit, and it would run on in memory that goes back";
  }
  const auto open = open_descriptors();
  if (!open) return not_known("/proc/self/fd");
  for (const int number : *open) {
    if (is_own_descriptor(number) || !is_ring(number)) continue;
    return "descriptor " + std::to_string(number) +
           " is an io_uring: the kernel may write to the program's memory at any moment";
  }
  const auto maps = kernel_maps();
  if (!maps) return not_known("/proc/self/maps");
  for (const KernelMap& map : *maps) {
    if (!map.path.starts_with("/[aio]")) continue;
    return "the program has asked for asynchronous input and output (io_setup(2)): the kernel may "
           "write to its memory at any moment";
  }
  return {};
}

void Census::tell(Told& told) const {
  tell_memory(told);
  siginfo_t child{};
  if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
    told.emplace_back("the program has children; they do not go back");
  }
  if (!text_of("/proc/self/timers").value_or("").empty()) {
    told.emplace_back("the program has timers of timer_create(2); they do not go back");
  }
}

void Census::tell_memory(Told& told) const {
  const auto maps = kernel_maps();
  if (!maps) {
    told.push_back(not_known("/proc/self/maps"));
    return;
  }
  for (const KernelMap& map : *maps) {
    if (!map.writable || map.path.starts_with("/memfd:cleave")) continue;
    if (members_->contains(reinterpret_cast<const void*>(map.first), 0)) continue;
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
