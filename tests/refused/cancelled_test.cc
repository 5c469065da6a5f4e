// No call of the library is a point of cancellation: a thread that pthread_cancel(3) names goes on
// to the end of the call that it is in, of all handles' ends too, and ends after it.
#include <pthread.h>

#include <array>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/arena/every_tracking.h"
#include "tests/refused/arena_scene.h"
#include "tests/refused/joint_scene.h"
#include "tests/refused/space_scene.h"
#include "tests/support/memory_backing.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail {
namespace {

using namespace literals;

struct Played {
  std::function<void(Scene&)> play;
  std::string wrong = "it ended in the middle of a call";
};

// Deferred, as it is unless a thread asks for something else: the first point would end it.
void* play_to_the_end(void* given) {
  auto& played = *static_cast<Played*>(given);
  (void)pthread_cancel(pthread_self());
  try {
    Scene scene({});
    played.play(scene);
    played.wrong = "";
  } catch (const Broken& broken) {
    played.wrong = broken.how;
  }
  if (kSanitized && !kThreadSanitized) {
    // AddressSanitizer takes the frames that a cancelled thread has left for in use.
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    return nullptr;
  }
  pthread_testcancel();
  played.wrong = "the library has taken its cancellation away";
  return nullptr;
}

std::string of_a_cancelled_thread(const std::function<void(Scene&)>& play) {
  Played played{play};
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, play_to_the_end, &played) != 0) return "no thread";
  void* ended = nullptr;
  (void)pthread_join(thread, &ended);
  return played.wrong;
}

class Cancelled : public EveryTracking {};

TEST_P(Cancelled, ThreadsGoOnToTheEndOfWhatTheyDoWithArenas) {
  const ArenaOptions options{.tracking = GetParam(), .catch_waiters = true};
  EXPECT_TRUE(in_a_child([&] {
    return of_a_cancelled_thread([&](Scene& scene) {
      Pool pool = scene.attempt("Pool::create", [] { return Pool::create(16_MiB); });
      ArenaScene(scene, pool, options).play();
      ArenaScene::play_taken_over(scene, pool, options);
      JointScene(scene, pool, options).play();
      (void)scene.attempt("trim", [&] { return pool.trim(); });
    });
  }));
}

INSTANTIATE_TEST_SUITE_P(By, Cancelled, every_tracking(), name_of_tracking);

TEST(CancelledThreads, GoOnToTheEndOfWhatTheyDoWithSpacesAndRings) {
  const TemporaryFolder folder;
  const std::string path = folder.file("transfer");
  EXPECT_TRUE(in_a_child([&] {
    return of_a_cancelled_thread([&](Scene& scene) {
      Beyond beyond;
      Pool pool = scene.attempt("Pool::create", [&] {
        return Pool::create(64_MiB, std::make_unique<MemoryBacking>(beyond));
      });
      scene.attempt("start_reclaim", [&] { return pool.start_reclaim(); });
      play_a_space(scene, pool);
      if (Ring::create(pool)) play_a_ring(scene, pool, path.c_str());
    });
  }));
}

}  // namespace
}  // namespace cleave::detail
