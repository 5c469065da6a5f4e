// A thread that moves to another processor while its memory goes back knows where it runs after
// that. Ends with 77 where there is but one processor, or the kernel does not write it.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/rseq.h"

namespace {

using cleave::program::written_by_the_kernel;

std::vector<int> allowed() {
  cpu_set_t set{};
  std::vector<int> all;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return all;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) all.push_back(i);
  }
  return all;
}

bool move_to(int processor) {
  cpu_set_t set{};
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

/// As the C library has it, by what the kernel wrote last.
bool knows_that_it_runs_on(int processor) {
  const int known = sched_getcpu();
  unsigned is = 0;
  (void)cleave::program::raw::call(SYS_getcpu, cleave::program::raw::as_word(&is));
  if (known == processor && is == static_cast<unsigned>(processor)) return true;
  (void)std::printf("runs on %u, known as %d, moved to %d\n", is, known, processor);
  return false;
}

bool holds_over_a_move(int from, int to) {
  if (!move_to(from)) return false;
  std::array<std::byte, 32> long_ago{};
  std::copy_n(written_by_the_kernel().begin(), long_ago.size(), long_ago.begin());
  {
    const cleave::program::ProcessorKept kept;
    if (!move_to(to)) return false;
    std::copy(long_ago.begin(), long_ago.end(), written_by_the_kernel().begin());
  }
  return knows_that_it_runs_on(to);
}

}  // namespace

int main() {
  const std::vector<int> processors = allowed();
  if (processors.size() < 2 || written_by_the_kernel().empty()) return 77;
  for (int i = 0; i < 10; ++i) {
    if (!holds_over_a_move(processors[0], processors[1])) return 1;
    if (!holds_over_a_move(processors[1], processors[0])) return 1;
  }
  return 0;
}
