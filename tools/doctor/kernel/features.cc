#include "tools/doctor/kernel/features.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/doctor/kernel/calls.h"
#include "tools/doctor/kernel/swap.h"
#include "tools/doctor/kernel/system.h"
#include "tools/doctor/kernel/userfault.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif

namespace cleave::doctor {
namespace {

/// Private memory for a trial; not there if the kernel has none.
class Memory {
 public:
  explicit Memory(std::size_t bytes)
      : bytes_(bytes),
        at_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Memory() {
    if (at_ != MAP_FAILED) (void)munmap(at_, bytes_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  [[nodiscard]] void* at() const { return at_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  void* at_;
};

Finding look_at_memfd() {
  const Descriptor file(memfd_create("cleave doctor", MFD_CLOEXEC));
  if (file.is_open()) return {"memfd_create", Standing::ok, "", {}, true};
  const int error = errno;
  return {"memfd_create", Standing::missing, refusal_text(error),
          error == ENOSYS || error == EPERM
              ? "cleave keeps all its memory in files that memfd_create makes. It needs Linux "
                "3.17, and a seccomp profile that lets the call through."
              : "memfd_create fails; see the limit on open files.",
          false};
}

Finding look_at_membarrier() {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) {
    return {"membarrier, private expedited", Standing::ok, "", {}, true};
  }
  const int error = commands < 0 ? errno : 0;
  return {"membarrier, private expedited", Standing::missing,
          commands < 0 ? refusal_text(error) : "came with Linux 4.14",
          "Without membarrier each load and store of an accessor costs a fence more; let the call "
          "through, or use Linux 4.14 or later.",
          false};
}

std::string why_no_ring(int error) {
  const auto disabled = number_in("/proc/sys/kernel/io_uring_disabled");
  if (error == EPERM && disabled.value_or(0) != 0) {
    return fmt::format("disabled by kernel.io_uring_disabled={}", *disabled);
  }
  if (is_by_filter(error)) return refusal_text(error);
  return error == ENOSYS ? "the kernel has none" : error_text(error);
}

std::string advice_for_no_ring(int error) {
  constexpr const char* kUntilThen =
      "Until then there are no rings (Ring::create fails): transfer by calls of your own, on pins "
      "and holds.";
  if (error == EPERM && number_in("/proc/sys/kernel/io_uring_disabled").value_or(0) != 0) {
    return fmt::format("`sysctl -w kernel.io_uring_disabled=0` allows io_uring. {}", kUntilThen);
  }
  return fmt::format(
      "Allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile. {}",
      kUntilThen);
}

// The memory that io_uring registers counts against RLIMIT_MEMLOCK, unless one may lock as one
// likes.
Finding look_at_registered_buffers(int ring) {
  const Memory memory(64 << 10);
  const iovec buffer{memory.at(), memory.bytes()};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1) != 0) {
    return {"io_uring registered buffers", Standing::missing, error_text(errno),
            "Raise the limit on locked memory (see RLIMIT_MEMLOCK), so that transfers need not "
            "pin their pages each time.",
            false};
  }
  rlimit locked{};
  (void)getrlimit(RLIMIT_MEMLOCK, &locked);
  if (has_capability(CAP_IPC_LOCK) || locked.rlim_cur == RLIM_INFINITY) {
    return {"io_uring registered buffers", Standing::ok, "", {}, true};
  }
  return {"io_uring registered buffers",
          Standing::limited,
          fmt::format("{} at most, by RLIMIT_MEMLOCK", bytes_text(locked.rlim_cur)),
          {},
          true};
}

void look_at_io_uring(std::vector<Finding>& all) {
  io_uring_params asked{};
  const Descriptor ring(syscall(SYS_io_uring_setup, 4, &asked));
  if (!ring.is_open()) {
    const int error = errno;
    all.push_back(
        {"io_uring", Standing::missing, why_no_ring(error), advice_for_no_ring(error), false});
    return;
  }
  all.push_back({"io_uring", Standing::ok, "", {}, true});
  all.push_back(look_at_registered_buffers(ring.number()));
}

Finding look_at_populate() {
  const Memory memory(4096);
  if (madvise(memory.at(), memory.bytes(), MADV_POPULATE_WRITE) == 0) {
    return {"MADV_POPULATE_WRITE", Standing::ok, "", {}, true};
  }
  const std::string why = errno == EINVAL ? "came with Linux 5.14" : refusal_text(errno);
  return {"MADV_POPULATE_WRITE", Standing::missing, why + "; fallocate(2) instead", {}, false};
}

Finding look_at_huge_pages(const char* name, const char* file) {
  const auto chosen = chosen_in(std::string("/sys/kernel/mm/transparent_hugepage/") + file);
  if (!chosen) return {name, Standing::missing, "the kernel has none", {}, nullptr};
  return {name, Standing::ok, *chosen, {}, *chosen};
}

Finding look_at_process_vm() {
  char from = 'x';
  char to = 0;
  const iovec local{&to, 1};
  const iovec remote{&from, 1};
  if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1) {
    return {"process_vm_readv", Standing::ok, "", {}, true};
  }
  const int error = errno;
  return {"process_vm_readv", Standing::missing, refusal_text(error), {}, false};
}

Finding look_at_maps() {
  if (const Descriptor maps(open("/proc/self/maps", O_RDONLY | O_CLOEXEC)); maps.is_open()) {
    return {"/proc/self/maps", Standing::ok, "", {}, true};
  }
  return {"/proc/self/maps", Standing::missing, error_text(errno),
          "Mount /proc: without it an arena does not notice that the program has unmapped part of "
          "it, or mapped something else there.",
          false};
}

Finding look_at_waiting_threads() {
  const Descriptor own(open("/proc/thread-self/syscall", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  if (own.is_open() && read(own.number(), text.data(), text.size()) > 0) {
    return {"/proc/self/task/*/syscall", Standing::ok, "", {}, true};
  }
  return {"/proc/self/task/*/syscall",
          Standing::missing,
          error_text(errno) + "; arenas cannot have catch_waiters",
          {},
          false};
}

// What it denies of all that was looked at; each says by itself what follows.
Finding look_at_filter(const std::vector<Finding>& all) {
  if (!is_filtered()) return {"seccomp", Standing::ok, "no filter", {}, false};
  std::vector<std::string> denied;
  for (const Finding& found : all) {
    if (found.detail.find("seccomp filter") != std::string::npos) denied.push_back(found.name);
  }
  return {"seccomp",
          Standing::limited,
          denied.empty() ? "a filter decides on system calls; it denies none that cleave makes"
                         : fmt::format("a filter denies {}", fmt::join(denied, "; ")),
          {},
          true};
}

}  // namespace

std::vector<Finding> look_at_features() {
  std::vector<Finding> all{look_at_memfd()};
  for (Finding& finding : look_at_userfaultfd()) all.push_back(std::move(finding));
  all.push_back(look_at_pagemap_scan());
  all.push_back(look_at_membarrier());
  look_at_io_uring(all);
  all.push_back(look_at_swap_folder());
  all.push_back(look_at_populate());
  all.push_back(look_at_huge_pages("huge pages, anonymous", "enabled"));
  all.push_back(look_at_huge_pages("huge pages, shared", "shmem_enabled"));
  all.push_back(look_at_process_vm());
  all.push_back(look_at_maps());
  all.push_back(look_at_waiting_threads());
  for (Finding& finding : look_at_calls()) all.push_back(std::move(finding));
  all.push_back(look_at_filter(all));
  return all;
}

}  // namespace cleave::doctor
