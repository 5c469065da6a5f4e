// What an option needs of the kernel is asked for where the arena is made, not at its first commit.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/support/child.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace literals;

/// An option, and a call without which it cannot be.
struct Need {
  const char* name;
  ArenaOptions options;
  long call;
};

class RefusedOptions : public testing::TestWithParam<Need> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer makes such calls itself";
  }

  /// What `make` answers where the call is denied.
  static void expect_refused(
      const std::function<Result<Arena>(const Pool&)>& make,
      const std::function<void()>& look_after = [] {}) {
    EXPECT_TRUE(is_well(child([&] {
      const Pool pool = must(Pool::create(1_MiB));
      const std::array denied{Denied{GetParam().call, EPERM}};
      if (!deny(denied)) return;
      const auto made = make(pool);
      if (made) return say("it was made;");
      if (made.error().code != Errc::unsupported || made.error().system != EPERM) {
        say("%s;", made.error().message().c_str());
      }
      look_after();
    })));
  }
};

TEST_P(RefusedOptions, RefuseAnArenaThatIsCreated) {
  expect_refused([](const Pool& pool) { return Arena::create(pool, 64_KiB, GetParam().options); });
}

TEST_P(RefusedOptions, LeaveMemoryThatIsTakenOverAsItWas) {
  alignas(kPageSize) static std::array<std::byte, 8 * kPageSize> memory;
  memory[0] = std::byte{7};
  expect_refused(
      [](const Pool& pool) { return Arena::take_over(pool, memory, GetParam().options); },
      [] {
        if (memory[0] != std::byte{7}) say("it holds something else;");
        for (std::size_t at = 0; at < memory.size(); at += kPageSize) memory[at] = std::byte{1};
      });
}

TEST_P(RefusedOptions, LetAnArenaBeMadeWithoutThem) {
  EXPECT_TRUE(is_well(child([] {
    const Pool pool = must(Pool::create(1_MiB));
    const std::array denied{Denied{GetParam().call, EPERM}};
    if (!deny(denied)) return;
    Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = GetParam().options.tracking}));
    const Commit before = must(arena.commit());
    must(arena.checkout(before));
  })));
}

const ArenaOptions kCatchingWriters{.tracking = Tracking::software, .catch_writers = true};
const ArenaOptions kCatchingWaiters{.tracking = Tracking::software, .catch_waiters = true};

INSTANTIATE_TEST_SUITE_P(
    By, RefusedOptions,
    testing::Values(Need{"writers_by_signal", kCatchingWriters, SYS_rt_sigaction},
                    Need{"writers_by_protection", kCatchingWriters, SYS_mprotect},
                    Need{"waiters_by_memory", kCatchingWaiters, SYS_process_vm_readv},
                    Need{"waiters_by_list", kCatchingWaiters, SYS_get_robust_list}),
    [](const auto& by) { return std::string(by.param.name); });

TEST(RefusedOptionsOfRestoring, RefuseTheArena) {
  EXPECT_TRUE(is_well(child([] {
    if (kSanitized) return;
    const Pool pool = must(Pool::create(1_MiB));
    Space space = must(Space::create(pool));
    const Address at{std::uintptr_t{0x3200'0000'0000}};
    must(space.map_at(at, 64_KiB));
    const Snapshot snapshot = must(space.snapshot());
    if (!Arena::restore(snapshot)) return;  // pages cannot come late here
    const std::array denied{Denied{SYS_process_vm_readv, EPERM}};
    if (!deny(denied)) return;
    must(Arena::restore(snapshot));
    const auto made = Arena::restore(snapshot, {.arena = {.catch_waiters = true}});
    if (made) return say("it was made;");
    if (made.error().code != Errc::unsupported) say("%s;", made.error().message().c_str());
  })));
}

}  // namespace
}  // namespace cleave::detail
