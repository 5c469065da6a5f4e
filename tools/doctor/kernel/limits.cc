#include "tools/doctor/kernel/limits.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "tools/doctor/kernel/system.h"

namespace cleave::doctor {
namespace {

constexpr std::uint64_t kUsualMappings = 65530;
constexpr std::uint64_t kMuchLocked = std::uint64_t{1} << 30;

// A cgroup's limit and what it uses; each level above may be tighter.
struct GroupMemory {
  std::uint64_t most;
  std::uint64_t used;
};

std::optional<GroupMemory> tightest(std::filesystem::path folder, const std::filesystem::path& top,
                                    const char* most_file, const char* used_file) {
  std::optional<GroupMemory> found;
  for (;; folder = folder.parent_path()) {
    const auto most = number_in(folder / most_file);
    // Version 1 says "none" by a number near 2^63.
    if (most && *most < std::uint64_t{1} << 60 && (!found || *most < found->most)) {
      found = {*most, number_in(folder / used_file).value_or(0)};
    }
    if (folder == top || folder.native().size() <= top.native().size()) return found;
  }
}

std::optional<GroupMemory> group_memory() {
  std::ifstream groups("/proc/self/cgroup");
  std::optional<GroupMemory> found;
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    std::optional<GroupMemory> here;
    if (controllers.empty()) {
      here = tightest("/sys/fs/cgroup" + path, "/sys/fs/cgroup", "memory.max", "memory.current");
    } else if (controllers == "memory") {
      here = tightest("/sys/fs/cgroup/memory" + path, "/sys/fs/cgroup/memory",
                      "memory.limit_in_bytes", "memory.usage_in_bytes");
    }
    if (here && (!found || here->most < found->most)) found = here;
  }
  return found;
}

std::string limit_text(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : bytes_text(limit);
}

nlohmann::ordered_json limit_value(rlim_t limit) {
  return limit == RLIM_INFINITY ? nlohmann::ordered_json("unlimited")
                                : nlohmann::ordered_json(limit);
}

Finding look_at_mappings() {
  const auto most = number_in("/proc/sys/vm/max_map_count");
  if (!most) return {"vm.max_map_count", Standing::limited, "cannot be read", {}, nullptr};
  if (*most >= kUsualMappings)
    return {"vm.max_map_count", Standing::ok, fmt::format("{}", *most), {}, *most};
  return {"vm.max_map_count", Standing::limited, fmt::format("{}", *most),
          fmt::format("`sysctl -w vm.max_map_count={}`: tracking by mprotect uses up to 16,000 "
                      "mappings, and the process needs others.",
                      kUsualMappings),
          *most};
}

Finding look_at_locked_memory() {
  rlimit locked{};
  (void)getrlimit(RLIMIT_MEMLOCK, &locked);
  Finding found{"RLIMIT_MEMLOCK",
                Standing::ok,
                limit_text(locked.rlim_cur),
                {},
                limit_value(locked.rlim_cur)};
  if (has_capability(CAP_IPC_LOCK)) {
    found.detail += "; CAP_IPC_LOCK lifts it";
  } else if (locked.rlim_cur < kMuchLocked) {
    found.standing = Standing::limited;
    found.advice =
        "Raise the limit on locked memory to the size of the pools (ulimit -l; systemd: "
        "LimitMEMLOCK=infinity; docker: --ulimit memlock=-1): io_uring then keeps them "
        "registered.";
  }
  return found;
}

Finding look_at_unprivileged_userfaultfd() {
  const auto allowed = number_in("/proc/sys/vm/unprivileged_userfaultfd");
  if (!allowed) return {"vm.unprivileged_userfaultfd", Standing::ok, "not there", {}, nullptr};
  return {"vm.unprivileged_userfaultfd",
          Standing::ok,
          *allowed == 0 ? "0: own faults only, all that arenas need" : fmt::format("{}", *allowed),
          {},
          *allowed};
}

Finding look_at_overcommit() {
  const auto policy = number_in("/proc/sys/vm/overcommit_memory");
  if (!policy) return {"vm.overcommit_memory", Standing::ok, "not there", {}, nullptr};
  if (*policy != 2)
    return {"vm.overcommit_memory", Standing::ok, fmt::format("{}", *policy), {}, *policy};
  return {"vm.overcommit_memory", Standing::limited, "2: what is promised must be there",
          "With vm.overcommit_memory=2 give pools budgets that the machine has.", *policy};
}

Finding look_at_files() {
  rlimit files{};
  (void)getrlimit(RLIMIT_NOFILE, &files);
  const bool few = files.rlim_cur < 256;
  return {"open files", few ? Standing::limited : Standing::ok,
          fmt::format("{} (up to {})", files.rlim_cur, files.rlim_max),
          few ? "Raise the limit on open files (ulimit -n): a pool takes one, an arena up to three."
              : "",
          files.rlim_cur};
}

Finding look_at_address_space() {
  rlimit space{};
  (void)getrlimit(RLIMIT_AS, &space);
  if (space.rlim_cur == RLIM_INFINITY) {
    return {"RLIMIT_AS", Standing::ok, "unlimited", {}, "unlimited"};
  }
  return {"RLIMIT_AS", Standing::limited, limit_text(space.rlim_cur),
          "A pool takes address space for its whole budget, an arena for twice its size: raise "
          "RLIMIT_AS (ulimit -v).",
          space.rlim_cur};
}

Finding look_at_group(const std::optional<GroupMemory>& group) {
  if (!group) return {"cgroup memory", Standing::ok, "no limit", {}, "unlimited"};
  return {"cgroup memory", Standing::limited,
          fmt::format("{}, {} used", bytes_text(group->most), bytes_text(group->used)),
          fmt::format("Keep what pools and arenas may hold together below the cgroup's {}: beyond "
                      "it the kernel ends the process.",
                      bytes_text(group->most)),
          group->most};
}

Finding look_at_processors() {
  cpu_set_t set;
  const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
  return {"processors", Standing::ok, fmt::format("{}", count), {}, count};
}

}  // namespace

std::uint64_t free_bytes() {
  std::uint64_t available = std::numeric_limits<std::uint64_t>::max();
  if (const auto kib = number_field("/proc/meminfo", "MemAvailable")) available = *kib << 10;
  if (const auto group = group_memory()) {
    available = std::min(available, group->most - std::min(group->most, group->used));
  }
  return available;
}

std::vector<Finding> look_at_limits() {
  const std::uint64_t available = free_bytes();
  const std::uint64_t total = number_field("/proc/meminfo", "MemTotal").value_or(0) << 10;
  return {look_at_mappings(),
          look_at_locked_memory(),
          look_at_unprivileged_userfaultfd(),
          look_at_overcommit(),
          look_at_files(),
          look_at_address_space(),
          look_at_group(group_memory()),
          {"free memory",
           Standing::ok,
           fmt::format("{} of {}", bytes_text(available), bytes_text(total)),
           {},
           available},
          look_at_processors()};
}

}  // namespace cleave::doctor
