#include "adapters/program/state/census.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "adapters/program/kernel/digits.h"
#include "adapters/program/kernel/text_of.h"
#include "adapters/program/own/entries.h"

namespace cleave::program {
namespace {

/// "4711 (worker)"; of one that has ended meanwhile, or cannot be listed, only that it was there.
std::string second_thread() {
  const Entries tasks("/proc/self/task");
  while (const char* name = tasks.next()) {
    if (std::atoi(name) == getpid()) continue;
    const std::string path = std::string("/proc/self/task/") + name + "/comm";
    std::string called = text_of(path.c_str()).value_or("");
    while (!called.empty() && called.back() == '\n') called.pop_back();
    return std::string(name) + " (" + called + ")";
  }
  return "which is not listed";
}

/// Empty: a commit, or a checkout, can be.
std::string refusal(const Proc& proc) {
  if (value_in(proc.status, "Threads") != "1") {
    return "the program has a second thread, " + second_thread() +
           ": its registers are in no commit, and it would run on in memory that goes back";
  }
  for (const OpenDescriptor& open : proc.open) {
    if (open.what != "anon_inode:[io_uring]") continue;
    return "descriptor " + std::to_string(open.number) +
           " is an io_uring: the kernel may write to the program's memory at any moment";
  }
  for (const KernelMap& map : proc.maps) {
    if (!map.path.starts_with("/[aio]")) continue;
    return "the program has asked for asynchronous input and output (io_setup(2)): the kernel may "
           "write to its memory at any moment";
  }
  return {};
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

tl::expected<Told, std::string> Census::take(const Proc& proc) const {
  if (std::string why = refusal(proc); !why.empty()) return tl::unexpected(std::move(why));
  Told told;
  tell_memory(proc.maps, told);
  siginfo_t child{};
  if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
    told.emplace_back("the program has children; they do not go back");
  }
  if (!text_of("/proc/self/timers").value_or("").empty()) {
    told.emplace_back("the program has timers of timer_create(2); they do not go back");
  }
  return told;
}

void Census::tell_memory(const std::vector<KernelMap>& maps, Told& told) const {
  for (const KernelMap& map : maps) {
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
