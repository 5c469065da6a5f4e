#include "lab/kernel/process/launch.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

// Whether a process has ended.
bool has_ended(int pidfd) {
  pollfd of{pidfd, POLLIN, 0};
  return poll(&of, 1, 0) == 1;
}

// Dies with its parent. What a terminal tells its processes, to stop for one, is for the parent
// alone.
void die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (getppid() != parent) _exit(1);
}

// Between the judge and the sandbox: a process can give a PID namespace to its children only.
[[noreturn]] void keep_sandbox(CompiledTest& compiled, SharedState& shared, const Effort& effort,
                               const std::string& folder) {
  const int parent = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));  // of the sandbox
  // The judge decides about interruptions.
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) std::signal(signal, SIG_IGN);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    shared.fail(fmt::format("namespaces: {}", std::strerror(errno)));
    _exit(1);
  }
  const pid_t sandbox = fork();
  if (sandbox == 0) {
    // Its parent has no number here, so that there is nothing to compare it with.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getpid() != 1 || has_ended(parent)) _exit(1);
    run_in_sandbox(compiled, shared, effort, folder);
  }
  int status = 1;
  if (sandbox > 0) waitpid(sandbox, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

}  // namespace

void Launched::UnmapFiles::operator()(FuseFile* files) const {
  munmap(files, count * sizeof(FuseFile));
}

tl::expected<Launched, std::string> Launched::start(CompiledTest& compiled, SharedState& shared,
                                                    const Effort& effort,
                                                    const std::string& folder) {
  const std::size_t count = compiled.reference_uses.size() + 1;
  void* memory = mmap(nullptr, count * sizeof(FuseFile), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return tl::unexpected(std::string("out of memory for the sandbox"));
  Launched sandbox(shared, effort, Files(new (memory) FuseFile[count], {count}));
  const pid_t self = getpid();
  sandbox.launcher_ = fork();
  if (sandbox.launcher_ == 0) {
    die_with(self);
    compiled.fuse = sandbox.files_.get();
    keep_sandbox(compiled, shared, effort, folder);
  }
  if (sandbox.launcher_ < 0) return tl::unexpected(fmt::format("fork: {}", std::strerror(errno)));
  sandbox.pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, sandbox.launcher_, 0));
  return sandbox;
}

// The sandbox watches the test's processes, and this process the sandbox.
Launched::Launched(SharedState& shared, const Effort& effort, Files files)
    : shared_(shared),
      files_(std::move(files)),
      latest_(Clock::now() + effort.time + effort.patience + std::chrono::seconds(60)) {}

Launched::Launched(Launched&& other) noexcept
    : shared_(other.shared_),
      files_(std::move(other.files_)),
      latest_(other.latest_),
      launcher_(std::exchange(other.launcher_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)) {}

Launched::~Launched() {
  if (launcher_ > 0) (void)finish();
  if (pidfd_ >= 0) close(pidfd_);
}

tl::expected<void, std::string> Launched::finish() {
  const bool late = !has_ended(pidfd_);
  if (late) kill(launcher_, SIGKILL);
  int status = 0;
  while (waitpid(launcher_, &status, 0) < 0 && errno == EINTR) {
  }
  launcher_ = -1;
  if (shared_.failed()) return tl::unexpected(std::string(shared_.error.data()));
  if (late) return tl::unexpected(std::string("the sandbox did not end in time, and was killed"));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return tl::unexpected(std::string("the sandbox failed: its first process ended unexpectedly"));
  return {};
}

}  // namespace lab::kernel
