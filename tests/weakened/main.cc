// weakened <scenario, or all> <seconds for each> [--without-membarrier]
// Ends with 3 if a promise was found broken, also by one of the engine's own checks; with 0 if none was.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "tests/weakened/scenarios.h"

namespace cleave::weakened {
namespace {

constexpr Scenario kScenarios[] = {
    {"forks_while_written", forks_while_written},
    {"forks_while_stores_take_long", forks_while_stores_take_long},
    {"forks_while_written_for_long", forks_while_written_for_long},
    {"forks_as_a_writer_enters", forks_as_a_writer_enters},
    {"discards_while_read", discards_while_read},
    {"discards_while_much_is_read", discards_while_much_is_read},
    {"copies_while_read", copies_while_read},
    {"siblings_that_vanish", siblings_that_vanish},
    {"pins_of_shared_pages", pins_of_shared_pages},
    {"forks_of_pinned_pages", forks_of_pinned_pages},
};

void crashed(int) { _exit(kFound); }

// Starts this program again on a kernel that does not know membarrier(2), as far as it can tell.
void start_again_without_membarrier(char** arguments) {
  sock_filter look[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{static_cast<unsigned short>(std::size(look)), look};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
    arguments[3] = nullptr;
    (void)execv("/proc/self/exe", arguments);
  }
  std::perror("weakened");
  _exit(2);
}

}  // namespace
}  // namespace cleave::weakened

int main(int count, char** arguments) {
  using namespace cleave::weakened;
  if (count == 4 && std::strcmp(arguments[3], "--without-membarrier") == 0) {
    start_again_without_membarrier(arguments);
  }
  if (count != 3) {
    std::fprintf(stderr, "weakened <scenario, or all> <seconds for each> [--without-membarrier]\n");
    return 2;
  }
  (void)std::signal(SIGABRT, crashed);
  (void)std::signal(SIGSEGV, crashed);
  bool any = false;
  for (const Scenario& scenario : kScenarios) {
    if (std::strcmp(arguments[1], "all") != 0 && std::strcmp(arguments[1], scenario.name) != 0)
      continue;
    any = true;
    const auto start = std::chrono::steady_clock::now();
    scenario.run(Deadline(std::atof(arguments[2])));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%s: nothing found in %.1f s\n", scenario.name, took.count());
  }
  return any ? 0 : 2;
}
