// A process of its own for what ends a process, or changes it for good, or is about fork(2).
#pragma once

#include <csignal>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace cleave::detail {

/// What a child said, and how it ended.
struct Ended {
  std::string said;
  int status = -1;   ///< as waitpid() gives it
  siginfo_t last{};  ///< the last signal that was delivered to it; by traced_child() alone
};

/// Runs `body` in a child, which ends well after it. Who says anything there uses say(). After two
/// minutes it says where it hangs, and ends.
Ended child(const std::function<void()>& body);
/// The same under ptrace(2), so that the signal which ends it can be looked at.
Ended traced_child(const std::function<void()>& body);
/// The same, but it ends as a program does: what `body` gives is its exit status, through exit(3),
/// which ends what is static. Where it aborts, it says so, too.
Ended exiting_child(const std::function<int()>& body);

/// In a child: for the parent to read. Safe in a signal handler, in a text without % too long.
[[gnu::format(printf, 1, 2)]] void say(const char* format, ...);

/// For EXPECT_TRUE: it said nothing, which would be a complaint, and ended well.
testing::AssertionResult is_well(const Ended& child);

}  // namespace cleave::detail
