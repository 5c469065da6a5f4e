#include "tools/run/child.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>

#include "tools/run/launch.h"

namespace cleave::command::run {
namespace {

[[noreturn]] void be_program(const std::vector<std::string>& words, const std::string& control) {
  constexpr int kCouldNotStart = 2;
  (void)std::signal(SIGPIPE, SIG_DFL);  // NOLINT: it would be ignored in the program as well
  try {
    become(words, control);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "cleave run: %s\n", error.what());
  }
  _exit(kCouldNotStart);
}

/// Whether the process is in a system call that waits for input.
bool waits(pid_t process) {
  static const std::set<std::string> kWaiting{
      std::to_string(SYS_read),   std::to_string(SYS_poll),       std::to_string(SYS_ppoll),
      std::to_string(SYS_select), std::to_string(SYS_pselect6),   std::to_string(SYS_epoll_wait),
      std::to_string(SYS_readv),  std::to_string(SYS_epoll_pwait)};
  std::ifstream file("/proc/" + std::to_string(process) + "/syscall");
  std::string number;
  return file >> number && kWaiting.contains(number);
}

}  // namespace

Child::Child(const std::vector<std::string>& words, const std::string& control, bool at_terminal) {
  std::array<int, 2> ends{-1, -1};
  if (at_terminal) {
    winsize size{};
    (void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    process_ = forkpty(&descriptor_, nullptr, nullptr, &size);
  } else if (pipe2(ends.data(), O_CLOEXEC) == 0) {
    descriptor_ = ends[1];
    process_ = fork();
  }
  if (process_ < 0) throw std::runtime_error(std::strerror(errno));
  if (process_ == 0) {
    if (!at_terminal) (void)dup2(ends[0], STDIN_FILENO);
    be_program(words, control);
  }
  if (!at_terminal) (void)close(ends[0]);
  (void)fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
}

Child::~Child() { end_input(); }

void Child::write(const char* bytes, std::size_t count) const {
  while (count > 0) {
    const ssize_t done = ::write(descriptor_, bytes, count);
    if (done < 0 && errno != EINTR) return;  // it has ended, which is noticed elsewhere
    bytes += done < 0 ? 0 : done;
    count -= static_cast<std::size_t>(done < 0 ? 0 : done);
  }
}

void Child::end_input() {
  if (descriptor_ >= 0) (void)close(descriptor_);
  descriptor_ = -1;
}

void Child::wait_until_it_reads() {
  constexpr std::chrono::milliseconds kStep(1);
  for (int unread = 1; !has_ended();) {
    (void)ioctl(descriptor_, FIONREAD, &unread);
    if (unread == 0 && waits(process_)) return;
    std::this_thread::sleep_for(kStep);
  }
}

bool Child::has_ended() {
  if (!ended_) ended_ = waitpid(process_, &wait_status_, WNOHANG) == process_;
  return ended_;
}

int Child::status() {
  while (!ended_) ended_ = waitpid(process_, &wait_status_, 0) == process_ || errno != EINTR;
  constexpr int kBySignal = 128;
  return WIFSIGNALED(wait_status_) ? kBySignal + WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
}

}  // namespace cleave::command::run
