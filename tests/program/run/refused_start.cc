// The start of a program under commits, with the k-th of its system calls refused, by each errno
// that it may have: the program runs as ever, or is not started, with a sentence that says why.
//   refused_start <libcleave-run.so> [<tries>]
// As many tries for each errno, spread over the calls; without a number, one for the first.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/support/refused_call.h"

namespace {

using namespace cleave::detail;

struct Kind {
  long call;
  const char* name;
  std::vector<int> errors;
};
const std::vector<Kind> kKinds = {
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
    {SYS_sigaltstack, "sigaltstack", {ENOMEM}},
    {SYS_sysinfo, "sysinfo", {EPERM}},
};

std::string start(const char* library) {
  (void)dup2(STDERR_FILENO, STDOUT_FILENO);
  if (library != nullptr) {
    (void)setenv("LD_PRELOAD", library, 1);
    (void)setenv("CLEAVE_RUN", "1", 1);
  }
  (void)execl("/bin/echo", "echo", "well", nullptr);
  return "exec";
}

bool is_right(const RunOutcome& outcome) {
  if (outcome.hung || !WIFEXITED(outcome.status)) return false;
  const auto said = [&](const char* text) { return outcome.said.find(text) != std::string::npos; };
  switch (WEXITSTATUS(outcome.status)) {
    case 0:
      return said("well\n");
    case 2:
      return said("cleave run: cannot start the program: ");
    default:
      return said("error while loading shared libraries") || said("cannot ");
  }
}

class Campaign {
 public:
  explicit Campaign(const char* library) : library_(library) {
    for (const Kind& kind : kKinds) watched_.push_back(kind.call);
  }

  bool begin() {
    const RunOutcome all = run({}, library_);
    for (const long call : all.calls) ++calls_[call];
    std::printf("%zu calls, status %d: %s", all.calls.size(), all.status, all.said.c_str());
    return all.status != kNotPossible;
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
  [[nodiscard]] int tried() const { return tried_; }
  [[nodiscard]] int wrong() const { return wrong_; }

  static constexpr int kNotPossible = 77;

 private:
  RunOutcome run(const Refusing& refusing, const char* library) const {
    return run_refused(watched_, refusing, [library] { return start(library); });
  }
  void try_one(const Kind& kind, std::uint64_t kth, int error) {
    const Refusing refusing{kind.call, kth, error};
    const RunOutcome outcome = run(refusing, library_);
    ++tried_;
    if (is_right(outcome)) return;
    // The loader does not survive each of its own.
    if (!is_right(run(refusing, nullptr))) return;
    ++wrong_;
    std::printf("%s %llu, %s: status %x%s: %s\n", kind.name, static_cast<unsigned long long>(kth),
                strerrorname_np(error), static_cast<unsigned>(outcome.status),
                outcome.hung ? ", hung" : "", outcome.said.c_str());
  }

  const char* library_;
  std::vector<long> watched_;
  std::map<long, std::uint64_t> calls_;
  int tried_ = 0;
  int wrong_ = 0;
};

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  (void)std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Campaign campaign(words[1]);
  if (!campaign.begin()) return Campaign::kNotPossible;
  const std::uint64_t tries = count > 2 ? std::strtoull(words[2], nullptr, 10) : 0;
  for (const Kind& kind : kKinds) campaign.try_errors_of(kind, tries);
  std::printf("%d starts, %d wrong\n", campaign.tried(), campaign.wrong());
  return campaign.wrong() == 0 ? 0 : 1;
}
