// Who is let in while the process ends, and whom its end waits for.
#include "s3/under_way.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/poor_process.h"

namespace cleave::detail::s3 {
namespace {

constexpr int kLetsNobodyIn = 7;
constexpr int kHasWaited = 8;

// How often this process has slept.
long sleeps() {
  rusage used{};
  (void)getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw;
}

// Done after what was asked for later. Who waits sleeps a millisecond at a time, for seconds.
void say_how_it_ends() {
  if (sleeps() > 50) _exit(kHasWaited);
  _exit(UnderWay::is_ending() ? kLetsNobodyIn : 1);
}

// A child of fork(2) that asks so often, and ends by exit(). Empty: it let nobody in at its end,
// and waited for nobody.
std::string what_is_wrong_in_a_child(int requests) {
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < requests; ++i) (void)Entered();
    std::exit(0);  // NOLINT: it has one thread
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return "it was killed";
  if (WEXITSTATUS(status) == kHasWaited) return "its end waits for nobody";
  return WEXITSTATUS(status) == kLetsNobodyIn ? "" : "it lets requests in at its end";
}

TEST(RequestsUnderWay, OfAParentAreNoneOfAChilds) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    if (std::atexit(say_how_it_ends) != 0) return "no handler";
    UnderWay::watch_the_end();
    const Entered parents;
    if (!parents) return "it is not let in";
    for (const int requests : {0, 1, 2}) {
      auto wrong = what_is_wrong_in_a_child(requests);
      if (!wrong.empty()) return "with " + std::to_string(requests) + " requests: " + wrong;
    }
    return "";
  }));
}

}  // namespace
}  // namespace cleave::detail::s3
