// The program that uses the library calls fork(2) itself.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "frames/slots/trim_guard.h"
#include "tests/space/on_a_space.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

class HostFork : public OnASpace {};

int status_of(pid_t child) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST_F(HostFork, AChildThatLeavesTheSpacesAloneEndsWell) {
  Space space = new_space(4);
  put<int>(space, at_page(16), 1);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(7);
  const int status = status_of(child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(get<int>(space, at_page(16)), 1);
}

TEST_F(HostFork, DestructorsInTheChildDoNoHarm) {
  std::optional<Pool> own{must(Pool::create(pages_of(64)))};
  std::optional<Space> space{must(Space::create(*own))};
  ASSERT_TRUE(holds(space->map_at(at_page(16), pages_of(8))));
  ASSERT_TRUE(holds(space->write(at_page(16), filled(4 * kPageSize, 7))));
  std::optional<Snapshot> snapshot{must(space->snapshot())};
  std::optional<Space> branch{must(space->fork())};
  std::optional<Accessor> accessor{must(space->accessor())};
  must(accessor->store<int>(at_page(17), 8));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    space.reset();
    accessor.reset();
    snapshot.reset();
    branch.reset();
    own.reset();
    _exit(7);
  }
  const int status = status_of(child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);

  EXPECT_EQ(must(accessor->load<int>(at_page(17))), 8);
  EXPECT_EQ(bytes_in(*branch, at_page(16), 4 * kPageSize), filled(4 * kPageSize, 7));
  EXPECT_EQ(bytes_in(*snapshot, at_page(16), 4 * kPageSize), filled(4 * kPageSize, 7));
  EXPECT_TRUE(holds(branch->write(at_page(16), filled(4 * kPageSize, 9))));
  EXPECT_EQ(must(accessor->load<int>(at_page(17))), 8);
  accessor.reset();
  branch.reset();
  snapshot.reset();
  space.reset();
  expect_nothing_left(*own);
}

TEST_F(HostFork, AChildIsRefusedAndTheParentNeverSeesIt) {
  Space space = new_space(1);
  put<int>(space, at_page(16), 1);
  Accessor accessor = must(space.accessor());
  must(accessor.store<int>(at_page(16), 1));
  (void)must(accessor.load<int>(at_page(16)));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool refused =
        space.write(at_page(16), filled(4, 2)).error().code == Errc::not_permitted &&
        accessor.store<int>(at_page(16), 2).error().code == Errc::not_permitted &&
        accessor.load<int>(at_page(16)).error().code == Errc::not_permitted;
    _exit(refused ? 0 : 1);
  }
  EXPECT_EQ(status_of(child), 0);
  EXPECT_EQ(get<int>(space, at_page(16)), 1);
}

// A pin, a hold's view and a snapshot's lead to memory that is not there.
TEST_F(HostFork, ATouchOfAPinnedPageInTheChildEndsTheChild) {
  Space space = new_space(1);
  put<int>(space, at_page(16), 1);
  const Pin pin = must(space.pin(at_page(16), 4, PinAccess::write));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)signal(SIGSEGV, SIG_DFL);  // what a sanitizer would make of it is not the point
    *static_cast<volatile char*>(pin.pieces().front().iov_base) = 2;
    _exit(0);
  }
  const int status = status_of(child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) << "status " << status;
  EXPECT_EQ(get<int>(space, at_page(16)), 1);
}

TEST_F(HostFork, TheParentGoesOnWritingWhileTheChildLives) {
  Space space = new_space(64);
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    char c;
    (void)close(go[1]);
    _exit(read(go[0], &c, 1) == 0 ? 0 : 1);
  }
  for (std::uint64_t p = 16; p < 80; ++p) put(space, at_page(p), p);
  const Space branch = must(space.fork());
  for (std::uint64_t p = 16; p < 80; ++p) put(space, at_page(p), p + 1);
  for (std::uint64_t p = 16; p < 80; ++p) EXPECT_EQ(get<std::uint64_t>(branch, at_page(p)), p);
  (void)close(go[0]);
  (void)close(go[1]);
  EXPECT_EQ(status_of(child), 0);
}

// What another thread was about is left as it was, half done, locks and all.
TEST_F(HostFork, DestructorsInTheChildOfAProgramAtWorkEndWell) {
  // In the child of a program at work, its free() waits for a lock of the sanitizer's own that
  // another thread held at the moment of the fork.
  if (kThreadSanitized) GTEST_SKIP() << "ThreadSanitizer's allocator does not outlive such a fork";
  std::atomic<bool> done{false};
  std::optional<Pool> own{must(Pool::create(pages_of(2048)))};
  std::optional<Space> space{must(Space::create(*own))};
  must(space->map_at(at_page(16), pages_of(256)));
  std::optional<Accessor> accessor{must(space->accessor())};
  std::optional<TrimGuard> trim_guard{std::in_place, HandleAccess::state(*own).slots()};
  std::thread at_work([&done, branch = &*space] {
    const Bytes bytes = filled(256 * kPageSize, 7);
    while (!done.load()) {
      must(branch->write(at_page(16), bytes));
      must(branch->discard(at_page(16), pages_of(256)));
    }
  });
  for (int i = 0; i < 300; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      (void)alarm(60);
      trim_guard.reset();
      accessor.reset();
      space.reset();
      own.reset();
      _exit(7);
    }
    const int status = status_of(child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << "status " << status;
  }
  done = true;
  at_work.join();
}

}  // namespace
}  // namespace cleave::detail
