// What the kernel is asked for, and what it says about memory.
#pragma once

#include <sched.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include <cleave/units.h>

namespace cleave::measure {

/// Stops the program with `what` and errno unless `held`.
void must_hold(bool held, const char* what);

/// A figure of /proc/meminfo or /proc/self/status, as in `proc_bytes("/proc/meminfo",
/// "MemAvailable")`.
ByteCount proc_bytes(const char* file, std::string_view key);

/// A child by fork(2) that runs `body` and exits. It dies with its parent.
template <class Body>
pid_t start_process(Body&& body) {
  const pid_t child = fork();
  must_hold(child >= 0, "fork(2) failed, and the benchmark needs processes to compare with");
  if (child != 0) return child;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
  _exit(0);
}

/// Returns when nothing is left of a child that exits by itself, or was killed.
void wait_for_process(pid_t child);

/// Returns when a child has raised SIGSTOP.
void wait_until_stopped(pid_t child);

/// Keeps the calling thread on one processor, by number (from those there are, round and round).
/// Two threads that are to run at once must not be left to share one.
class OnProcessor {
 public:
  explicit OnProcessor(unsigned number);
  ~OnProcessor();
  OnProcessor(const OnProcessor&) = delete;
  OnProcessor& operator=(const OnProcessor&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace cleave::measure
