#include "tools/doctor/kernel/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include <fmt/format.h>

#include "tools/doctor/kernel/system.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace cleave::doctor {
namespace {

struct Userfaultfd {
  Descriptor descriptor;
  int error;
};

Userfaultfd open_userfaultfd(int flags) {
  Descriptor descriptor(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags));
  const int error = descriptor.is_open() ? 0 : errno;
  return {std::move(descriptor), error};
}

std::string why_refused(int error) {
  if (is_by_filter(error)) return refusal_text(error);
  if (error == ENOSYS) return "the kernel has none";
  return error == EPERM ? "forbidden" : error_text(error);
}

std::string advice_for_refusal(int error) {
  const std::string until_then = "until then arenas track by mprotect";
  if (is_by_filter(error)) {
    return "A seccomp filter blocks userfaultfd, as the default profile of containers does. Run "
           "the "
           "container with a profile that allows it (docker: --security-opt seccomp=PROFILE.json; "
           "for a trial, seccomp=unconfined); " +
           until_then + '.';
  }
  if (error == EPERM) {
    return "userfaultfd is forbidden, by a security module or a kernel before 5.11. "
           "`sysctl -w vm.unprivileged_userfaultfd=1` may help; " +
           until_then + '.';
  }
  if (error == ENOSYS) {
    return "A kernel with CONFIG_USERFAULTFD would have userfaultfd; " + until_then + '.';
  }
  return fmt::format("userfaultfd fails ({}): see the limits; {}.", error_text(error), until_then);
}

// A feature of userfaultfd by its bit in the kernel's answer. Numbers, because headers are often
// older.
struct Feature {
  const char* name;
  unsigned bit;
  const char* since;
  const char* loss;  // what arenas go without
};
constexpr std::array kFeatures = {
    Feature{"userfaultfd SIGBUS", 7, "4.14", "tracking by sigbus"},
    Feature{"userfaultfd WP_HUGETLBFS_SHMEM", 12, "5.19", "tracking by async and sigbus"},
    Feature{"userfaultfd WP_UNPOPULATED", 13, "6.4", "tracking by async and sigbus"},
    Feature{"userfaultfd WP_ASYNC", 15, "6.7", "tracking by async"},
};

Finding look_at(const Feature& feature, std::uint64_t features) {
  if ((features >> feature.bit & 1) != 0) return {feature.name, Standing::ok, "", {}, true};
  return {feature.name, Standing::missing, fmt::format("came with Linux {}", feature.since),
          fmt::format("Linux {} or later would allow {}.", feature.since, feature.loss), false};
}

// What PAGEMAP_SCAN takes (Linux 6.7).
struct ScanArguments {
  std::uint64_t size, flags, start, end, walk_end, runs, runs_size, most_pages;
  std::uint64_t inverted, all_of, any_of, returned;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
constexpr std::uint64_t kPresent = 1 << 3;

}  // namespace

std::vector<Finding> look_at_userfaultfd() {
  Userfaultfd unprivileged = open_userfaultfd(UFFD_USER_MODE_ONLY);
  const bool knows_user_mode = unprivileged.error != EINVAL;
  // Before Linux 5.11: all or nothing.
  const Userfaultfd opened = knows_user_mode ? std::move(unprivileged) : open_userfaultfd(0);
  if (!opened.descriptor.is_open()) {
    return {{"userfaultfd", Standing::missing, why_refused(opened.error),
             advice_for_refusal(opened.error), false}};
  }
  std::vector<Finding> all{{"userfaultfd", Standing::ok, "", {}, true}};
  all.push_back(
      knows_user_mode
          ? Finding{"userfaultfd USER_MODE_ONLY", Standing::ok, "no privilege needed", {}, true}
          : Finding{"userfaultfd USER_MODE_ONLY",
                    Standing::missing,
                    "came with Linux 5.11",
                    {},
                    false});
  uffdio_api api{};
  api.api = UFFD_API;
  const bool answered = ioctl(opened.descriptor.number(), UFFDIO_API, &api) == 0;
  for (const Feature& feature : kFeatures) {
    all.push_back(look_at(feature, answered ? api.features : 0));
  }
  return all;
}

Finding look_at_pagemap_scan() {
  const Descriptor pagemap(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap.is_open()) {
    const int error = errno;
    return {"PAGEMAP_SCAN", Standing::missing,
            fmt::format("/proc/self/pagemap cannot be opened: {}", error_text(error)),
            error == EACCES
                ? "A process that has changed its user may read its own pagemap again after "
                  "prctl(PR_SET_DUMPABLE, 1)."
                : "Mount /proc, so that the kernel can be asked for written pages.",
            false};
  }
  static const char here = 1;
  ScanArguments scan{};
  scan.size = sizeof scan;
  scan.start = reinterpret_cast<std::uint64_t>(&here) & ~std::uint64_t{4095};
  scan.end = scan.start + 4096;
  scan.all_of = kPresent;
  scan.returned = kPresent;
  std::array<std::uint64_t, 3> found{};
  scan.runs = reinterpret_cast<std::uint64_t>(found.data());
  scan.runs_size = 1;
  if (ioctl(pagemap.number(), kPagemapScan, &scan) >= 0) {
    return {"PAGEMAP_SCAN", Standing::ok, "", {}, true};
  }
  return {"PAGEMAP_SCAN",
          Standing::missing,
          fmt::format("{}; came with Linux 6.7", error_text(errno)),
          {},
          false};
}

}  // namespace cleave::doctor
