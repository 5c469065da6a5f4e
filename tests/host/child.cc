#include "tests/host/child.h"

#include <execinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace cleave::detail {
namespace {

constexpr unsigned kLimitInSeconds = 120;  // a child needs some milliseconds, by itself
constexpr int kHung = 98;
constexpr int kStopped = 97;

void say_where(int signal) {
  std::array<void*, 64> stack{};
  const int depth = backtrace(stack.data(), static_cast<int>(stack.size()));
  backtrace_symbols_fd(stack.data(), depth, STDERR_FILENO);
  _exit(signal == SIGALRM ? kHung : kStopped);
}

void be_told_of_a_hang() {
  (void)signal(SIGALRM, say_where);
  (void)signal(SIGABRT, say_where);
  sigset_t both;
  (void)sigemptyset(&both);
  (void)sigaddset(&both, SIGALRM);
  (void)sigaddset(&both, SIGABRT);
  (void)sigprocmask(SIG_UNBLOCK, &both, nullptr);
  (void)alarm(kLimitInSeconds);
}

// Whoever asks for a stack first has a library loaded, which a child had better not.
void load_what_finds_stacks() {
  static const int once = [] {
    std::array<void*, 1> here{};
    return backtrace(here.data(), 1);
  }();
  (void)once;
}

}  // namespace

bool child_ends_well(function_ref<int()> in_the_child) {
  load_what_finds_stacks();
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    be_told_of_a_hang();
    std::exit(in_the_child());
  }
  int status = 0;
  pid_t ended = -1;
  while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  if (child > 0 && ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (child < 0) {
    std::perror("fork");
  } else if (WIFSIGNALED(status)) {
    (void)std::fprintf(stderr, "a child ended by signal %d\n", WTERMSIG(status));
  } else if (WEXITSTATUS(status) == kHung) {
    (void)std::fprintf(stderr, "a child hung, at the place above\n");
  } else {
    (void)std::fprintf(stderr, "a child ended with status %d\n", WEXITSTATUS(status));
  }
  return false;
}

}  // namespace cleave::detail
