#include "tests/support/child.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>

namespace cleave::detail {
namespace {

int said_to = -1;

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

Ended run(const std::function<void()>& body, bool traced) {
  Ended ended;
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return ended;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    said_to = ends[1];
    (void)alarm(60);
    if (traced) (void)ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    body();
    _exit(0);
  }
  close(ends[1]);
  if (traced) see_through(child, ended);
  ended.said = read_all(ends[0]);
  if (!traced) (void)waitpid(child, &ended.status, 0);
  close(ends[0]);
  return ended;
}

}  // namespace

Ended child(const std::function<void()>& body) { return run(body, false); }
Ended traced_child(const std::function<void()>& body) { return run(body, true); }

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
