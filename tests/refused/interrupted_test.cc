// Signals come all the time, as profilers, timers and runtimes of languages send them, and their
// handler does not have system calls go on: no call of the library fails, and no byte is wrong.
#include "tests/refused/interrupted.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/arena/every_tracking.h"
#include "tests/refused/arena_scene.h"
#include "tests/refused/joint_scene.h"
#include "tests/refused/restored_scene.h"
#include "tests/refused/space_scene.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Interrupted : public EveryTracking {};

TEST_P(Interrupted, CallsOnArenasGoOn) {
  const ArenaOptions options{.tracking = GetParam(), .catch_waiters = true};
  EXPECT_TRUE(in_a_child([&] {
    return of_an_interrupted_process([&](Scene& scene) {
      Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
      ArenaScene(scene, pool, options).play();
      ArenaScene::play_taken_over(scene, pool, options);
      JointScene(scene, pool, options).play();
      (void)scene.attempt("trim", [&] { return pool.trim(); });
    });
  }));
}

INSTANTIATE_TEST_SUITE_P(By, Interrupted, every_tracking(), name_of_tracking);

TEST(InterruptedCalls, OnArenasThatAreRestoredGoOn) {
  if (const auto works = try_tracking(Tracking::async); !works) {
    GTEST_SKIP() << works.error().message();
  }
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
  EXPECT_TRUE(in_a_child([] {
    return of_an_interrupted_process([](Scene& scene) {
      Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
      RestoredScene restored(scene, pool);
      restored.play();
      restored.check();
    });
  }));
}

TEST(InterruptedCalls, OnSpacesGoOn) {
  EXPECT_TRUE(in_a_child([] {
    return of_an_interrupted_process([](Scene& scene) {
      Pool pool = scene.attempt("Pool::create", [] { return Pool::create(64_MiB); });
      scene.attempt("reserve", [&] { return pool.reserve(8_MiB); });
      play_a_space(scene, pool);
      (void)scene.attempt("trim", [&] { return pool.trim(); });
    });
  }));
}

TEST(InterruptedCalls, OnRingsGoOn) {
  if (Pool pool = must(Pool::create(1_MiB)); !Ring::create(pool)) GTEST_SKIP() << "no io_uring";
  std::string path = "interrupted_rings.XXXXXX";
  const File made(mkstemp(path.data()));
  EXPECT_TRUE(in_a_child([&] {
    return of_an_interrupted_process([&](Scene& scene) {
      Pool pool = scene.attempt("Pool::create", [] { return Pool::create(32_MiB); });
      play_a_ring(scene, pool, path.c_str());
    });
  }));
  (void)unlink(path.c_str());
}

}  // namespace
}  // namespace cleave::detail
