#include "tests/support/child.h"

#include <execinfo.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace cleave::detail {
namespace {

constexpr unsigned kLimitInSeconds = 120;  // a child needs some milliseconds, by itself
constexpr int kHung = 98;
constexpr int kAborted = 97;

int said_to = -1;

void say_where(int signal) {
  say(signal == SIGALRM ? "it hangs at\n" : "it aborts at\n");
  std::array<void*, 64> stack{};
  const int depth = backtrace(stack.data(), static_cast<int>(stack.size()));
  backtrace_symbols_fd(stack.data(), depth, said_to);
  _exit(signal == SIGALRM ? kHung : kAborted);
}

void say_where_at(int signal) {
  (void)std::signal(signal, say_where);
  sigset_t one;
  (void)sigemptyset(&one);
  (void)sigaddset(&one, signal);
  (void)sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

// Whoever asks for a stack first has a library loaded, which a child had better not.
void load_what_finds_stacks() {
  static const int once = [] {
    std::array<void*, 1> here{};
    return backtrace(here.data(), 1);
  }();
  (void)once;
}

std::string read_all(int from) {
  std::string all;
  std::array<char, 512> part{};
  for (ssize_t size = 0; (size = read(from, part.data(), part.size())) > 0;) {
    all.append(part.data(), static_cast<std::size_t>(size));
  }
  return all;
}

// Lets it run from signal to signal. What it says must fit into a pipe.
void see_through(pid_t child, Ended& ended) {
  int signal = 0;
  while (waitpid(child, &ended.status, 0) == child && WIFSTOPPED(ended.status)) {
    signal = WSTOPSIG(ended.status) == SIGTRAP ? 0 : WSTOPSIG(ended.status);
    if (signal != 0) (void)ptrace(PTRACE_GETSIGINFO, child, nullptr, &ended.last);
    (void)ptrace(PTRACE_CONT, child, nullptr, static_cast<long>(signal));
  }
}

// `body` does not return.
Ended run(const std::function<void()>& body, bool traced) {
  Ended ended;
  std::array<int, 2> ends{};
  load_what_finds_stacks();
  if (pipe(ends.data()) != 0) return ended;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    said_to = ends[1];
    say_where_at(SIGALRM);
    (void)alarm(kLimitInSeconds);
    if (traced) (void)ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    body();
  }
  close(ends[1]);
  if (child < 0) {
    ended.said = "no child: fork(2) failed";
  } else {
    if (traced) see_through(child, ended);
    ended.said = read_all(ends[0]);
    while (!traced && waitpid(child, &ended.status, 0) < 0 && errno == EINTR) {
    }
  }
  close(ends[0]);
  return ended;
}

// Which ends at once: what is static is the parent's to end.
std::function<void()> and_no_more(const std::function<void()>& body) {
  return [&] {
    body();
    _exit(0);
  };
}

}  // namespace

Ended child(const std::function<void()>& body) { return run(and_no_more(body), false); }
Ended traced_child(const std::function<void()>& body) { return run(and_no_more(body), true); }
Ended exiting_child(const std::function<int()>& body) {
  (void)std::fflush(nullptr);  // or the child says it again
  return run(
      [&] {
        say_where_at(SIGABRT);
        std::exit(body());
      },
      false);
}

void say(const char* format, ...) {
  std::array<char, 1024> text{};
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  (void)!write(said_to, text.data(), static_cast<std::size_t>(size));
}

testing::AssertionResult is_well(const Ended& child) {
  if (child.said.empty() && child.status == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << child.said << " (status " << child.status << ")";
}

}  // namespace cleave::detail
