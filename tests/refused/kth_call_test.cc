// The k-th system call fails, for every k, with every errno that it may have: no byte is wrong, no
// process ends, and every error says which of the reasons it was.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/refused/arena_scene.h"
#include "tests/refused/joint_scene.h"
#include "tests/refused/space_scene.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

struct Kind {
  long call;
  const char* name;
  std::vector<int> errors;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {SYS_memfd_create, "memfd_create", {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_ftruncate, "ftruncate", {EINTR, EPERM, ENOMEM}},
      {SYS_mmap, "mmap", {ENOMEM, EAGAIN, EPERM}},
      {SYS_munmap, "munmap", {ENOMEM, EPERM}},
      {SYS_mprotect, "mprotect", {ENOMEM, EACCES}},
      {SYS_madvise, "madvise", {EAGAIN, ENOMEM, EINVAL, EPERM}},
      {SYS_fallocate, "fallocate", {EINTR, ENOSPC, EPERM, EOPNOTSUPP, ENOMEM}},
      {SYS_lseek, "lseek", {EINVAL, EPERM}},
      {SYS_mincore, "mincore", {EAGAIN, ENOMEM, EPERM}},
      {SYS_ioctl, "ioctl", {ENOMEM, EAGAIN, EPERM, EINVAL, ENOTTY}},
      {SYS_userfaultfd, "userfaultfd", {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_openat, "openat", {EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR}},
      {SYS_membarrier, "membarrier", {ENOMEM, EPERM, ENOSYS}},
      {SYS_io_uring_setup, "io_uring_setup", {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_io_uring_enter, "io_uring_enter", {EAGAIN, EBUSY, EINTR, ENOMEM, EPERM}},
      {SYS_io_uring_register, "io_uring_register", {ENOMEM, EAGAIN, EPERM, EINVAL}},
      {SYS_fcntl, "fcntl", {EMFILE, EPERM}},
      {SYS_prlimit64, "prlimit64", {EPERM}},
      {SYS_rt_sigaction, "rt_sigaction", {EPERM, ENOSYS}},
      {SYS_rt_sigprocmask, "rt_sigprocmask", {EPERM, ENOSYS}},
      {SYS_read, "read", {EINTR, EIO, ENOMEM, EPERM}},
      {SYS_pread64, "pread", {EINTR, EIO, ENOMEM, EPERM}},
      {SYS_getdents64, "getdents", {ENOMEM, EPERM, ENOENT}},
      {SYS_process_vm_readv, "process_vm_readv", {ENOMEM, EPERM, ENOSYS}},
      {SYS_get_robust_list, "get_robust_list", {EPERM, ENOSYS}},
      {SYS_newfstatat, "fstat", {ENOMEM, EPERM}},
  };
  return all;
}

/// A sanitizer maps memory on its own account, and does not bear to be refused.
bool is_a_sanitizers(long call) {
  return kSanitized && (call == SYS_mmap || call == SYS_munmap || call == SYS_madvise ||
                        call == SYS_mprotect || call == SYS_openat || call == SYS_prlimit64);
}

std::vector<long> watched() {
  std::vector<long> calls;
  for (const Kind& kind : kinds()) {
    if (!is_a_sanitizers(kind.call)) calls.push_back(kind.call);
  }
  return calls;
}

const Kind& kind_of(long call) {
  for (const Kind& kind : kinds()) {
    if (kind.call == call) return kind;
  }
  std::abort();
}

/// Every call and every errno, and all later ones of the kind refused as well: many minutes.
bool exhaustively() { return std::getenv("CLEAVE_EVERY_CALL") != nullptr; }

/// Whether it makes sense that a call fails so for ever: one that is interrupted is made again, and
/// a ring waits for the kernel to have memory.
bool lasts(long call, int error) {
  return error != EINTR && error != EAGAIN && error != EBUSY &&
         !(call == SYS_io_uring_enter && error == ENOMEM);
}

using Play = std::function<void(Scene&)>;

std::string body(const Play& play, const Refusing& refusing) {
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
bool ended_well(const RunOutcome& outcome, const Refusing& refusing) {
  if (outcome.is_well()) return true;
  return refusing.from_then_on && !outcome.hung && WIFSIGNALED(outcome.status) &&
         outcome.said.find("cleave: ") != std::string::npos;
}

/// Every `stride`th call; 0: some.
void refuse_each(const Play& play, std::size_t stride = 0) {
  const std::vector<long> calls = watched();
  const auto run = [&](const Refusing& refusing) {
    return run_refused(calls, refusing, [&] { return body(play, refusing); });
  };
  const RunOutcome plain = run({});
  if (plain.calls.empty()) GTEST_SKIP() << "this kernel does not ask about system calls";
  ASSERT_TRUE(plain.is_well()) << plain.said << " (status " << plain.status << ")";

  const auto try_one = [&](const Refusing& refusing) {
    const RunOutcome outcome = run(refusing);
    EXPECT_TRUE(ended_well(outcome, refusing))
        << kind_of(refusing.call).name << ", the " << refusing.kth << "th"
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
    const std::vector<int>& errors = kind_of(call).errors;
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

struct Variant {
  const char* name;
  ArenaOptions options;
  Tracking needs;  // what has to work here
};

class RefusedArenas : public testing::TestWithParam<Variant> {};

TEST_P(RefusedArenas, HoldTheirBytesAndSayWhyWhicheverCallIsRefused) {
  const Variant& variant = GetParam();
  if (const auto works = try_tracking(variant.needs); !works) {
    GTEST_SKIP() << works.error().message();
  }
  refuse_each([&](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
    ArenaScene arena(scene, pool, variant.options);
    try {
      arena.play();
    } catch (const GivenUp&) {
    }
    arena.check();
  });
}

class RefusedTakingOver : public RefusedArenas {};

TEST_P(RefusedTakingOver, LeavesItsBytesAndSaysWhyWhicheverCallIsRefused) {
  const Variant& variant = GetParam();
  if (const auto works = try_tracking(variant.needs); !works) {
    GTEST_SKIP() << works.error().message();
  }
  refuse_each([&](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
    ArenaScene::play_taken_over(scene, pool, variant.options);
  });
}

// As the arena ends there is no call that could fail: each is tried.
TEST_P(RefusedTakingOver, GivesItsBytesBackWhicheverCallIsRefused) {
  const Variant& variant = GetParam();
  if (const auto works = try_tracking(variant.needs); !works) {
    GTEST_SKIP() << works.error().message();
  }
  refuse_each(
      [&](Scene& scene) {
        alignas(4096) static std::array<std::byte, 8 * 4096> memory;
        Pool pool = scene.attempt("Pool::create", [] { return Pool::create(1_MiB); });
        memory[4096] = std::byte{'x'};
        (void)scene.attempt("Arena::take_over",
                            [&] { return Arena::take_over(pool, memory, variant.options); });
        Scene::expect(memory[4096] == std::byte{'x'}, "what was given back has changed");
        for (std::size_t at = 0; at < memory.size(); at += 4096) memory[at] = std::byte{'y'};
      },
      1);
}

class RefusedJoining : public RefusedArenas {};

TEST_P(RefusedJoining, LeavesAllThatShareAHistoryAsTheyWereWhicheverCallIsRefused) {
  const Variant& variant = GetParam();
  if (const auto works = try_tracking(variant.needs); !works) {
    GTEST_SKIP() << works.error().message();
  }
  refuse_each([&](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
    JointScene joint(scene, pool, variant.options);
    try {
      joint.play();
    } catch (const GivenUp&) {
    }
    joint.check();
  });
}

INSTANTIATE_TEST_SUITE_P(
    By, RefusedArenas,
    testing::Values(
        Variant{"automatic", {}, Tracking::async},
        Variant{"adaptive", {.system_calls_write = false}, Tracking::sigbus},
        Variant{"async", {.tracking = Tracking::async}, Tracking::async},
        Variant{"sigbus", {.tracking = Tracking::sigbus}, Tracking::sigbus},
        Variant{"mprotect", {.tracking = Tracking::mprotect}, Tracking::mprotect},
        Variant{"software", {.tracking = Tracking::software}, Tracking::software},
        Variant{"watched", {.tracking = Tracking::async, .catch_writers = true}, Tracking::async},
        Variant{"debugged",
                {.tracking = Tracking::sigbus,
                 .catch_writers = true,
                 .catch_waiters = true,
                 .catch_unseen = true},
                Tracking::sigbus}),
    [](const auto& by) { return by.param.name; });

INSTANTIATE_TEST_SUITE_P(
    By, RefusedTakingOver,
    testing::Values(Variant{"async", {.tracking = Tracking::async}, Tracking::async},
                    Variant{"mprotect", {.tracking = Tracking::mprotect}, Tracking::mprotect},
                    Variant{"watched",
                            {.tracking = Tracking::software, .catch_writers = true},
                            Tracking::software}),
    [](const auto& by) { return by.param.name; });

INSTANTIATE_TEST_SUITE_P(
    By, RefusedJoining,
    testing::Values(Variant{"async", {.tracking = Tracking::async}, Tracking::async},
                    Variant{"mprotect", {.tracking = Tracking::mprotect}, Tracking::mprotect},
                    Variant{"watched",
                            {.tracking = Tracking::sigbus, .catch_writers = true},
                            Tracking::sigbus}),
    [](const auto& by) { return by.param.name; });

TEST(RefusedSpaces, HoldTheirBytesAndSayWhyWhicheverCallIsRefused) {
  refuse_each([](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(64_MiB); });
    scene.attempt("reserve", [&] { return pool.reserve(8_MiB); });
    play_a_space(scene, pool);
    (void)scene.attempt("trim", [&] { return pool.trim(); });
    play_a_space(scene, pool);
    Scene::expect(pool.statistics().used == 0, "frames are left");
  });
}

TEST(RefusedRings, MoveEveryByteAndSayWhyWhicheverCallIsRefused) {
  {
    Pool pool = must(Pool::create(1_MiB));
    if (const auto ring = Ring::create(pool); !ring) GTEST_SKIP() << ring.error().message();
  }
  std::string path = "refused_rings.XXXXXX";
  const File made(mkstemp(path.data()));
  refuse_each([&](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(32_MiB); });
    scene.attempt("reserve", [&] { return pool.reserve(32_MiB); });
    play_a_ring(scene, pool, path.c_str());
    Scene::expect(pool.statistics().used == 0, "frames are left");
    Scene::expect(pool.statistics().short_pins == 0, "pins are left");
  });
  (void)unlink(path.c_str());
}

}  // namespace
}  // namespace cleave::detail
