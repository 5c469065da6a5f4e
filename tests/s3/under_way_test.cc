// Who is let in while the process ends, and whom its end waits for.
#include "s3/under_way.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/poor_process.h"

namespace cleave::detail::s3 {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLetsNobodyIn = 7;

// Done after what was asked for later.
void say_whether_it_ends() { _exit(UnderWay::is_ending() ? kLetsNobodyIn : 1); }

// A child of fork(2) that asks so often, and ends by exit(). Empty: it let nobody in at its end,
// and waited for nobody.
std::string what_is_wrong_in_a_child(int requests) {
  const Clock::time_point begin = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < requests; ++i) (void)Entered();
    std::exit(0);  // NOLINT: it has one thread
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return "it was killed";
  if (WEXITSTATUS(status) != kLetsNobodyIn) return "it lets requests in at its end";
  // 5 s for who is under way.
  return Clock::now() - begin < std::chrono::seconds(3) ? "" : "its end waits for nobody";
}

TEST(RequestsUnderWay, OfAParentAreNoneOfAChilds) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    if (std::atexit(say_whether_it_ends) != 0) return "no handler";
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
