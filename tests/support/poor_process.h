// A process of its own, to be made as poor as a test likes.
#pragma once

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace cleave::detail {

/// Runs `body` in a child, which may give up whatever it likes, and has 120 seconds. True: it found
/// nothing wrong, and ended well.
inline testing::AssertionResult in_a_child(const std::function<std::string()>& body) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return testing::AssertionFailure() << "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(120);
    const std::string wrong = body();
    const bool told =
        write(ends[1], wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size());
    _exit(wrong.empty() && told ? 0 : 1);
  }
  close(ends[1]);
  std::string wrong(1000, '\0');
  const ssize_t size = read(ends[0], wrong.data(), wrong.size());
  wrong.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  close(ends[0]);
  int status = -1;
  if (waitpid(child, &status, 0) == child && status == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << wrong << " (status " << status << ")";
}

/// Sets the soft limit, and gives what it was.
inline rlim_t limit(int resource, rlim_t most) {
  const auto which = static_cast<decltype(RLIMIT_AS)>(resource);
  rlimit both{};
  (void)getrlimit(which, &both);
  const rlim_t before = std::exchange(both.rlim_cur, most);
  (void)setrlimit(which, &both);
  return before;
}

/// A figure of /proc/self/statm, in bytes: 0: all that is mapped, 5: data and stack.
inline rlim_t mapped_bytes(int figure = 0) {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  for (int i = 0; i <= figure; ++i) file >> pages;
  return pages * 4096;
}

inline bool become_nobody() {
  if (geteuid() != 0) return true;
  constexpr uid_t kNobody = 65534;
  // A process that has changed its user may not look at its own pagemap, until it says that it may.
  return setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
         setresuid(kNobody, kNobody, kNobody) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

}  // namespace cleave::detail
