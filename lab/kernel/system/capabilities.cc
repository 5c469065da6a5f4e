#include "lab/kernel/system/capabilities.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "lab/kernel/shared/pagemap.h"

namespace lab::kernel {
namespace {

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

bool can_write(const char* path) { return access(path, W_OK) == 0; }

// CAP_SYS_ADMIN: without it page tables show no frames, and nothing can be mounted or unshared.
bool is_administrator() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapEff:")) continue;
    constexpr unsigned kSysAdmin = 21;
    return (std::strtoull(line.c_str() + 7, nullptr, 16) >> kSysAdmin & 1) != 0;
  }
  return false;
}

bool has_userfaultfd() {
  const int file = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  if (file >= 0) close(file);
  return file >= 0;
}

// 0, or an errno.
int io_uring_refused() {
  io_uring_params params{};
  const int file = static_cast<int>(syscall(SYS_io_uring_setup, 1, &params));
  if (file < 0) return errno;
  close(file);
  return 0;
}

// Where soft-dirty bits are built in, a page that was just written has one.
bool has_soft_dirty() {
  void* page =
      mmap(nullptr, kSmallPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  std::memset(page, 1, kSmallPage);
  reopen_pagemap();
  const PageInfo info = page_info(page);
  munmap(page, kSmallPage);
  return (info.entry >> 55 & 1) != 0;
}

std::string administrator() {
  if (kSanitized) return "this build has sanitizers, which do not follow forks of threads";
  if (geteuid() != 0) return "needs root: page frames, namespaces and settings are root's";
  if (!is_administrator()) return "needs CAP_SYS_ADMIN, which this container withholds";
  if (!can_write("/proc/self/pagemap") && access("/proc/self/pagemap", R_OK) != 0)
    return "needs /proc/self/pagemap";
  return {};
}

std::string userfaultfd() {
  return has_userfaultfd() ? "" : "userfaultfd: the kernel refuses it (CONFIG_USERFAULTFD)";
}
std::string io_uring() {
  const int error = io_uring_refused();
  if (error == 0) return {};
  const char* const advice = error == EPERM    ? " (sysctl kernel.io_uring_disabled)"
                             : error == ENOMEM ? " (CAP_IPC_LOCK, or a higher ulimit -l)"
                                               : "";
  return fmt::format("io_uring: {}{}", std::strerror(error), advice);
}
std::string fuse() { return can_write("/dev/fuse") ? "" : "FUSE: there is no /dev/fuse to write"; }
std::string ksm() {
  return can_write("/sys/kernel/mm/ksm/run") ? "" : "KSM: /sys/kernel/mm/ksm/run cannot be written";
}
std::string swap() {
  if (access("/proc/swaps", R_OK) != 0) return "swap: the kernel has none (CONFIG_SWAP)";
  return {};
}
std::string group() {
  const MemoryGroups groups = memory_groups();
  if (groups.folder.empty()) return "control groups: " + groups.why;
  return can_write(groups.folder.c_str())
             ? ""
             : fmt::format("control groups: {} cannot be written", groups.folder);
}
std::string huge_folios() {
  return access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0
             ? ""
             : "huge folios: no transparent huge pages (CONFIG_TRANSPARENT_HUGEPAGE)";
}
std::string hugetlb() {
  return can_write("/proc/sys/vm/nr_hugepages") ? "" : "hugetlb: vm.nr_hugepages cannot be written";
}
std::string soft_dirty() {
  return has_soft_dirty() ? "" : "soft-dirty: this kernel is built without CONFIG_MEM_SOFT_DIRTY";
}
std::string split() {
  std::ifstream systems("/proc/filesystems");
  for (std::string line; std::getline(systems, line);)
    if (line.ends_with("\tdebugfs")) return {};
  return "splitting folios: there is no debugfs (CONFIG_DEBUG_FS)";
}

struct Part {
  const char* name;
  std::string (*missing)();
  const char* use;
};
constexpr std::array<Part, 11> kParts{{
    {"rights", administrator, "root"},
    {"userfaultfd", userfaultfd, "pins for a moment that lasts, and its own words"},
    {"io_uring", io_uring, "pins to write that last"},
    {"FUSE", fuse, "pins that are taken without locks"},
    {"KSM", ksm, "merging; turned on for moments"},
    {"swap", swap, "a file of 64 MiB, turned on for tests that need it"},
    {"control groups", group, "reclaim of pages that processes share"},
    {"huge folios", huge_folios, "MADV_COLLAPSE"},
    {"hugetlb", hugetlb, "a few pages, reserved for tests that need them"},
    {"soft-dirty", soft_dirty, "clear_refs"},
    {"splitting folios", split, "debugfs, mounted where no other process sees it"},
}};

}  // namespace

std::vector<Capability> capabilities() {
  std::vector<Capability> result;
  for (const Part& part : kParts) {
    const std::string why = part.missing();
    result.push_back({part.name, why.empty(), why.empty() ? part.use : why});
  }
  return result;
}

std::string missing_for_every_test() { return administrator(); }

std::string missing(const CompiledTest& compiled) {
  const auto by = [&](std::initializer_list<GupMethod> method) {
    return std::ranges::any_of(compiled.reference_uses, [&](const ReferenceUse& use) {
      return std::ranges::find(method, use.method) != method.end();
    });
  };
  const auto has = [&](std::initializer_list<litmus::Word> words) {
    for (const judge::ThreadPlan& line : compiled.plan.threads)
      for (const judge::Instruction& each : line.code)
        if (each.operation != nullptr &&
            std::ranges::find(words, each.operation->word) != words.end())
          return true;
    return false;
  };
  using litmus::Word;
  const bool large = std::ranges::any_of(
      compiled.plan.setup.pages, [](const model::PageSetup& page) { return page.pages > 1; });
  const std::pair<bool, std::string (*)()> asked[] = {
      {by({GupMethod::copy_in, GupMethod::copy_out}) ||
           has({Word::wp, Word::missing, Word::minor, Word::uffd_move}),
       userfaultfd},
      {by({GupMethod::registered}), io_uring},
      {by({GupMethod::fuse_read, GupMethod::fuse_write}), fuse},
      {compiled.requirements.ksm, ksm},
      {compiled.requirements.swap, swap},
      {compiled.requirements.group, group},
      {large || has({Word::collapse}), huge_folios},
      {compiled.requirements.hugetlb, hugetlb},
      {compiled.requirements.soft_dirty, soft_dirty},
      {compiled.requirements.split, split},
  };
  for (const auto& [needed, why] : asked)
    if (needed)
      if (std::string text = why(); !text.empty()) return text;
  return {};
}

std::string kernel_name() {
  utsname name{};
  uname(&name);
  const std::string release = name.release;
  return fmt::format("{} {}", name.sysname, release.substr(0, release.find('-')));
}

const char* rules_of(const std::string& release) {
  struct Since {
    int major, minor;
    const char* rules;
  };
  static constexpr std::array<Since, 11> kSince{{{6, 15, "F"},
                                                 {6, 10, "E1"},
                                                 {6, 8, "E1c"},
                                                 {6, 2, "E1b"},
                                                 {6, 1, "E1a"},
                                                 {5, 19, "E0"},
                                                 {5, 18, "C2"},
                                                 {5, 11, "C1"},
                                                 {5, 9, "C0"},
                                                 {5, 8, "B"},
                                                 {0, 0, "A"}}};
  std::pair<int, int> version{0, 0};
  char dot = 0;
  std::istringstream(release) >> version.first >> dot >> version.second;
  return std::ranges::find_if(
             kSince,
             [&](const Since& since) { return std::pair(since.major, since.minor) <= version; })
      ->rules;
}

const char* kernel_rules() {
  utsname name{};
  uname(&name);
  return rules_of(name.release);
}

MemoryGroups memory_groups(std::istream& mounts,
                           const std::function<std::string(const std::string&)>& controllers) {
  const auto lists = [](std::string text, char between) {
    std::ranges::replace(text, between, ' ');
    std::istringstream words(text);
    const std::istream_iterator<std::string> end;
    return std::find(std::istream_iterator<std::string>(words), end, "memory") != end;
  };
  MemoryGroups none;
  none.why = "no memory controller, by which pages that processes share are reclaimed";
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, place, kind, options;
    words >> device >> place >> kind >> options;
    if (kind == "cgroup" && lists(options, ',')) return {place, "memory.force_empty", {}};
    if (kind != "cgroup2") continue;
    if (lists(controllers(place), ' ')) return {place, "memory.reclaim", {}};
    none.why = fmt::format(
        "groups in {} have no memory controller, by which pages that processes share are "
        "reclaimed; if {}/cgroup.controllers has it, echo +memory > {}/cgroup.subtree_control",
        place, place, place);
  }
  return none;
}

MemoryGroups memory_groups() {
  std::ifstream mounts("/proc/self/mounts");
  return memory_groups(mounts, [](const std::string& place) {
    std::ifstream file(place + "/cgroup.subtree_control");
    std::string line;
    std::getline(file, line);
    return line;
  });
}

}  // namespace lab::kernel
