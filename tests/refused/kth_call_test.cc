// The k-th system call fails, for every k, with every errno that it may have: no byte is wrong, no
// process ends, and every error says which of the reasons it was.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/refused/arena_scene.h"
#include "tests/refused/joint_scene.h"
#include "tests/refused/refuse_each.h"
#include "tests/refused/restored_scene.h"
#include "tests/refused/space_scene.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {SYS_memfd_create, "memfd_create", {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_ftruncate, "ftruncate", {EINTR, EPERM, ENOMEM}},
      {SYS_mmap, "mmap", {ENOMEM, EAGAIN, EPERM}},
      {SYS_munmap, "munmap", {ENOMEM, EPERM}},
      {SYS_mprotect, "mprotect", {ENOMEM, EACCES}},
      {SYS_mremap, "mremap", {ENOMEM, EPERM, EINVAL}},
      {SYS_madvise, "madvise", {EAGAIN, ENOMEM, EINVAL, EPERM}},
      {SYS_fallocate, "fallocate", {EINTR, ENOSPC, EPERM, EOPNOTSUPP, ENOMEM}},
      {SYS_lseek, "lseek", {EINVAL, EPERM}},
      {SYS_mincore, "mincore", {EAGAIN, ENOMEM, EPERM}},
      {SYS_ioctl, "ioctl", {ENOMEM, EAGAIN, EPERM, EINVAL, ENOTTY}},
      {SYS_userfaultfd, "userfaultfd", {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_openat, "openat", {EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR}},
      {SYS_clone3, "clone3", {EAGAIN, EPERM}},
      {SYS_epoll_ctl, "epoll_ctl", {ENOMEM, EPERM, ENOSYS}},
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

void refuse_each(const Play& play, std::size_t stride = 0) {
  refuse_each_of(kinds(), play, stride);
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

TEST(RefusedRestoring, GivesEachPageOrSaysWhyNotWhicheverCallIsRefused) {
  if (const auto works = try_tracking(Tracking::async); !works) {
    GTEST_SKIP() << works.error().message();
  }
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
  refuse_each([](Scene& scene) {
    Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
    RestoredScene restored(scene, pool);
    try {
      restored.play();
    } catch (const GivenUp&) {
    }
    restored.check();
  });
}

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
