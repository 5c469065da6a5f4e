// A run of operations again and again, each time with another of its system calls refused.
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/refused/scene.h"
#include "tests/support/refused_call.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {

/// A system call, and what it may fail with.
struct Kind {
  long call;
  const char* name;
  std::vector<int> errors;
};

/// A sanitizer maps memory on its own account, and does not bear to be refused.
inline bool is_a_sanitizers(long call) {
  return kSanitized && (call == SYS_mmap || call == SYS_munmap || call == SYS_madvise ||
                        call == SYS_mprotect || call == SYS_openat || call == SYS_prlimit64);
}

inline std::vector<long> watched(const std::vector<Kind>& kinds) {
  std::vector<long> calls;
  for (const Kind& kind : kinds) {
    if (!is_a_sanitizers(kind.call)) calls.push_back(kind.call);
  }
  return calls;
}

inline const Kind& kind_of(long call, const std::vector<Kind>& kinds) {
  for (const Kind& kind : kinds) {
    if (kind.call == call) return kind;
  }
  std::abort();
}

/// Every call and every errno, and all later ones of the kind refused as well: many minutes.
inline bool exhaustively() { return std::getenv("CLEAVE_EVERY_CALL") != nullptr; }

/// Whether it makes sense that a call fails so for ever: one that is interrupted is made again, and
/// a ring waits for the kernel to have memory.
inline bool lasts(long call, int error) {
  return error != EINTR && error != EAGAIN && error != EBUSY &&
         !(call == SYS_io_uring_enter && error == ENOMEM);
}

using Play = std::function<void(Scene&)>;

inline std::string body(const Play& play, const Refusing& refusing) {
  Scene scene(refusing);
  try {
    play(scene);
  } catch (const Broken& broken) {
    return broken.how;
  } catch (const GivenUp&) {
  }
  return "";
}

/// What a process may do that a policy takes a call away from: go on, or stop and say so.
inline bool ended_well(const RunOutcome& outcome, const Refusing& refusing) {
  if (outcome.is_well()) return true;
  return refusing.from_then_on && !outcome.hung && WIFSIGNALED(outcome.status) &&
         outcome.said.find("cleave: ") != std::string::npos;
}

/// Plays once for each `stride`th of its calls of these kinds, which fails; 0: for some.
inline void refuse_each_of(const std::vector<Kind>& kinds, const Play& play,
                           std::size_t stride = 0) {
  const std::vector<long> calls = watched(kinds);
  const auto run = [&](const Refusing& refusing) {
    return run_refused(calls, refusing, [&] { return body(play, refusing); });
  };
  const RunOutcome plain = run({});
  if (plain.calls.empty()) GTEST_SKIP() << "this kernel does not ask about system calls";
  ASSERT_TRUE(plain.is_well()) << plain.said << " (status " << plain.status << ")";

  const auto try_one = [&](const Refusing& refusing) {
    const RunOutcome outcome = run(refusing);
    EXPECT_TRUE(ended_well(outcome, refusing))
        << kind_of(refusing.call, kinds).name << ", the " << refusing.kth << "th"
        << (refusing.from_then_on ? " and all later ones: " : ": ") << std::strerror(refusing.error)
        << ": " << outcome.said << " (status " << outcome.status
        << (outcome.hung ? ", hung)" : ")");
  };
  // A prime, so that errnos and kinds do not keep step with it.
  if (stride == 0) stride = plain.calls.size() < 250 ? 3 : 11;
  if (kThreadSanitized) stride *= 3;  // what is refused to one thread alone is no race
  std::map<long, std::uint64_t> seen;
  for (std::size_t i = 0; i < plain.calls.size(); ++i) {
    const long call = plain.calls[i];
    const std::uint64_t kth = ++seen[call];
    const std::vector<int>& errors = kind_of(call, kinds).errors;
    if (!exhaustively()) {
      if (i % stride == 0) try_one({call, kth, errors[i / stride % errors.size()]});
      continue;
    }
    for (const int error : errors) {
      try_one({call, kth, error});
      if (lasts(call, error) && kth % 5 == 1) try_one({call, kth, error, true});
    }
  }
}

}  // namespace cleave::detail
