// A program under commits whose system calls are refused, one in each run, by each errno that the
// call may have.
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/refused_call.h"

namespace cleave::detail {

class RefusedCampaign {
 public:
  static constexpr int kNotPossible = 77;

  /// The program says "well" and ends with 0, where all is well.
  RefusedCampaign(const char* library, const char* program) : library_(library), program_(program) {
    for (const Kind& kind : kKinds) watched_.push_back(kind.call);
  }

  /// What main() returns. As many tries for each errno, spread over the calls; 0: one for the
  /// first.
  int run(std::uint64_t tries) {
    const RunOutcome all = start({}, library_);
    for (const long call : all.calls) ++calls_[call];
    std::printf("%zu calls, status %d: %s", all.calls.size(), all.status, all.said.c_str());
    if (all.status == kNotPossible) return kNotPossible;
    for (const Kind& kind : kKinds) try_errors_of(kind, tries);
    std::printf("%d runs, %d wrong\n", tried_, wrong_);
    return wrong_ == 0 && is_right(all) ? 0 : 1;
  }

 private:
  struct Kind {
    long call;
    const char* name;
    std::vector<int> errors;
  };
  inline static const std::vector<Kind> kKinds = {
      {SYS_memfd_create, "memfd_create", {EMFILE, ENOMEM, EPERM}},
      {SYS_ftruncate, "ftruncate", {ENOMEM, EPERM}},
      {SYS_mmap, "mmap", {ENOMEM, EPERM}},
      {SYS_munmap, "munmap", {ENOMEM}},
      {SYS_mprotect, "mprotect", {ENOMEM}},
      {SYS_madvise, "madvise", {ENOMEM, EPERM}},
      {SYS_ioctl, "ioctl", {ENOMEM, EPERM, ENOTTY}},
      {SYS_userfaultfd, "userfaultfd", {EMFILE, EPERM, ENOSYS}},
      {SYS_openat, "openat", {EMFILE, ENOMEM, EACCES, ENOENT}},
      {SYS_fcntl, "fcntl", {EMFILE, EPERM}},
      {SYS_prlimit64, "prlimit64", {EPERM}},
      {SYS_rt_sigaction, "rt_sigaction", {EPERM}},
      {SYS_rt_sigprocmask, "rt_sigprocmask", {EPERM}},
      {SYS_pread64, "pread", {EIO, EINTR}},
      {SYS_read, "read", {EIO, EINTR}},
      {SYS_getdents64, "getdents", {ENOMEM, ENOENT}},
      {SYS_lseek, "lseek", {EINVAL}},
      {SYS_close_range, "close_range", {ENOSYS}},
      {SYS_readlink, "readlink", {EACCES}},
      {SYS_fallocate, "fallocate", {ENOMEM}},
      {SYS_sigaltstack, "sigaltstack", {ENOMEM}},
      {SYS_sysinfo, "sysinfo", {EPERM}},
  };

  RunOutcome start(const Refusing& refusing, const char* library) const {
    return run_refused(watched_, refusing, [&]() -> std::string {
      (void)dup2(STDERR_FILENO, STDOUT_FILENO);
      if (library != nullptr) {
        (void)setenv("LD_PRELOAD", library, 1);
        (void)setenv("CLEAVE_RUN", "1", 1);
      }
      (void)execl(program_, program_, "well", nullptr);
      return "exec";
    });
  }
  static bool is_right(const RunOutcome& outcome) {
    if (outcome.hung || !WIFEXITED(outcome.status)) return false;
    const auto said = [&](const char* text) {
      return outcome.said.find(text) != std::string::npos;
    };
    switch (WEXITSTATUS(outcome.status)) {
      case 0:
        return said("well\n");
      case 2:
        return said("cleave run: cannot start the program: ");
      default:
        return said("error while loading shared libraries") || said("cannot ");
    }
  }
  void try_errors_of(const Kind& kind, std::uint64_t tries) {
    const std::size_t errors = tries == 0 ? 1 : kind.errors.size();
    const std::uint64_t calls = calls_[kind.call];
    const std::uint64_t spread = std::min(std::max<std::uint64_t>(tries, 1), calls);
    for (std::size_t i = 0; i < errors; ++i) {
      for (std::uint64_t n = 0; n < spread; ++n) {
        try_one(kind, calls * (2 * n + 1) / (2 * spread) + 1, kind.errors[i]);
      }
    }
  }
  void try_one(const Kind& kind, std::uint64_t kth, int error) {
    const Refusing refusing{kind.call, kth, error};
    const RunOutcome outcome = start(refusing, library_);
    ++tried_;
    if (is_right(outcome)) return;
    // The loader does not survive each of its own.
    if (!is_right(start(refusing, nullptr))) return;
    ++wrong_;
    std::printf("%s %llu, %s: status %x%s: %s\n", kind.name, static_cast<unsigned long long>(kth),
                strerrorname_np(error), static_cast<unsigned>(outcome.status),
                outcome.hung ? ", hung" : "", outcome.said.c_str());
  }

  const char* library_;
  const char* program_;
  std::vector<long> watched_;
  std::map<long, std::uint64_t> calls_;
  int tried_ = 0;
  int wrong_ = 0;
};

}  // namespace cleave::detail
