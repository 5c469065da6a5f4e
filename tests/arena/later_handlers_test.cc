// A handler that the program installs after an arena was made, which then meets the arena's faults
// first: it passes them on, takes itself away again, or knows nothing of arenas.
#include <sys/mman.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <optional>

#include <cleave/fault_signal.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/child.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

struct LaterScene {
  std::optional<Pool> pool;
  std::optional<Arena> arena;
  std::optional<Arena> second;
  std::byte* lifted = nullptr;
  struct sigaction before {};  // what stood there when the later handler was installed
  sigjmp_buf back;
  int signal = 0;
  int calls = 0;
  int earlier_calls = 0;
};
LaterScene later;

void mend(int, siginfo_t*, void*) {
  if (++later.earlier_calls == 1000) _exit(5);
  (void)mprotect(later.lifted, kPageSize, PROT_READ | PROT_WRITE);
}

void ask_cleave(int signal, siginfo_t* info, void* context) {
  if (++later.calls == 1000) _exit(5);
  if (arena_fault(signal, info, context)) return;
  mend(signal, info, context);
}

// Knows of no arena, but is polite.
void call_the_one_before(int signal, siginfo_t* info, void* context) {
  if (++later.calls == 1000) _exit(5);
  later.before.sa_sigaction(signal, info, context);
}

void install(void (*handler)(int, siginfo_t*, void*), struct sigaction* before, int flags = 0) {
  struct sigaction theirs {};
  theirs.sa_sigaction = handler;
  theirs.sa_flags = SA_SIGINFO | flags;
  (void)sigaction(later.signal, &theirs, before);
}

class LaterHandlers : public EveryTracking {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
    EveryTracking::SetUp();
  }

  /// In a child, beside an arena that is made after `first` was done.
  template <class First, class Then>
  static testing::AssertionResult is_well_beside(First first, Then then) {
    return is_well(child([&] {
      const int its = tracker_kind(GetParam()).signal;
      later.signal = its == 0 ? SIGSEGV : its;
      later.lifted = static_cast<std::byte*>(
          mmap(nullptr, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
      later.pool.emplace(must(Pool::create(4_MiB)));
      first();
      later.arena.emplace(make_one());
      then();
    }));
  }
  template <class Then>
  static testing::AssertionResult is_well_beside(Then then) {
    return is_well_beside([] {}, then);
  }
  static Arena make_one() {
    return must(Arena::create(*later.pool, 64_KiB, {.tracking = GetParam()}));
  }

  // A fault that no arena has to do with, of the arena's signal.
  static void fault_elsewhere() {
    (void)mprotect(later.lifted, kPageSize, PROT_READ);
    if (later.signal == SIGSEGV) {
      *static_cast<volatile std::byte*>(later.lifted) = std::byte{1};
    } else {
      (void)raise(later.signal);
    }
  }
  // Goes forth and back; says what is wrong.
  static void use(Arena& arena) {
    const Commit before = must(arena.commit());
    write(arena, kPageSize, "now");
    write(arena, 3 * kPageSize, "here");
    if (must(arena.commit()).pages() != 2) say("the commit is wrong;");
    must(arena.checkout(before));
    if (arena.data()[kPageSize] == std::byte{'n'}) say("a write was not undone;");
  }
};

TEST_P(LaterHandlers, MayAskCleaveFirst) {
  EXPECT_TRUE(is_well_beside([] {
    install(ask_cleave, nullptr);
    use(*later.arena);
    if ((tracker_kind(GetParam()).signal != 0) != (later.calls != 0)) say("calls %d;", later.calls);
    fault_elsewhere();
    if (later.earlier_calls != 1) say("mended %d times;", later.earlier_calls);
    use(*later.arena);
  }));
}

TEST_P(LaterHandlers, MayCallTheOneThatStoodThere) {
  EXPECT_TRUE(
      is_well_beside([] { install(mend, nullptr); },
                     [] {
                       for (int again = 0; again < 3; ++again) {  // and be installed over itself
                         if (again != 1 || tracker_kind(GetParam()).signal != 0) {
                           struct sigaction there {};
                           (void)sigaction(later.signal, nullptr, &there);
                           if (there.sa_sigaction != call_the_one_before) {
                             install(call_the_one_before, &later.before, SA_ONSTACK);
                           }
                         }
                         use(*later.arena);
                         later.earlier_calls = 0;
                         fault_elsewhere();
                         if (later.earlier_calls != 1) say("mended %d times;", later.earlier_calls);
                         later.second.emplace(make_one());  // which stands in front again, for both
                         use(*later.second);
                         use(*later.arena);
                         fault_elsewhere();
                         if (later.earlier_calls != 2) say("mended %d times;", later.earlier_calls);
                       }
                     }));
}

TEST_P(LaterHandlers, MayTakeThemselvesAway) {
  EXPECT_TRUE(is_well_beside([] { install(mend, nullptr); },
                             [] {
                               install(call_the_one_before, &later.before);
                               use(*later.arena);
                               (void)sigaction(later.signal, &later.before, nullptr);
                               later.calls = 0;
                               use(*later.arena);
                               fault_elsewhere();
                               if (later.calls != 0 || later.earlier_calls != 1)
                                 say("another was called;");
                             }));
}

// It is one that was there before, to an arena that is made after it.
TEST_P(LaterHandlers, NeedNotKnowOfArenasThatAreMadeAfterThem) {
  EXPECT_TRUE(is_well_beside([] {
    install(mend, nullptr);
    later.second.emplace(make_one());
    use(*later.second);
    use(*later.arena);
    fault_elsewhere();
    if (later.earlier_calls != 1) say("mended %d times;", later.earlier_calls);
  }));
}

TEST_P(LaterHandlers, MayJumpOutOfAnArenasFaultWhichThenWroteNothing) {
  EXPECT_TRUE(is_well_beside([] {
    if (tracker_kind(GetParam()).signal == 0) return;
    use(*later.arena);
    const Commit before = must(later.arena->commit());
    install([](int, siginfo_t*, void*) { siglongjmp(later.back, 1); }, &later.before);
    if (sigsetjmp(later.back, 1) == 0) {
      write(*later.arena, 5 * kPageSize, "x");
      say("it was written;");
    }
    (void)sigaction(later.signal, &later.before, nullptr);
    if (must(later.arena->commit()).pages() != 0) say("something was written;");
    must(later.arena->checkout(before));
    use(*later.arena);
  }));
}

// It neither asks nor passes on, and tries what a garbage collector would: to open the page itself.
TEST_P(LaterHandlers, CannotOpenAnArenasPageByThemselves) {
  EXPECT_TRUE(is_well_beside([] {
    if (tracker_kind(GetParam()).signal == 0) return;
    (void)must(later.arena->commit());
    later.calls = 0;
    install(
        [](int, siginfo_t* fault, void*) {
          void* const page = reinterpret_cast<void*>(
              reinterpret_cast<std::uintptr_t>(fault->si_addr) & ~(kPageSize - 1));
          if (mprotect(page, kPageSize, PROT_READ | PROT_WRITE) != 0 || ++later.calls > 3) {
            siglongjmp(later.back, 1);
          }
        },
        &later.before);
    if (sigsetjmp(later.back, 1) == 0) {
      write(*later.arena, 5 * kPageSize, "x");
      say("it was written;");
    }
    (void)sigaction(later.signal, &later.before, nullptr);
    if (must(later.arena->commit()).pages() != 0) say("something was written;");
    use(*later.arena);
  }));
}

// Whoever goes and leaves the default has taken the arena's handler with it. The next commit or
// checkout puts it back, as often as that happens; a first write before that ends the process.
TEST_P(LaterHandlers, MayLeaveTheDefaultBehind) {
  EXPECT_TRUE(is_well_beside([] {
    for (int round = 0; round < 200; ++round) {
      (void)std::signal(later.signal, round % 2 == 0 ? SIG_DFL : SIG_IGN);
      const Commit commit = must(later.arena->commit());
      use(*later.arena);
      (void)std::signal(later.signal, round % 3 == 0 ? SIG_DFL : SIG_IGN);
      must(later.arena->checkout(commit));
      use(*later.arena);
    }
  }));
}

TEST_P(LaterHandlers, AreFollowedAsOftenAsAProcessChangesThem) {
  EXPECT_TRUE(is_well_beside([] {
    for (int round = 0; round < 500; ++round) {
      install(ask_cleave, &later.before);
      later.calls = 0;
      use(*later.arena);
      (void)sigaction(later.signal, &later.before, nullptr);
      use(*later.arena);
    }
  }));
}

INSTANTIATE_TEST_SUITE_P(Tracked, LaterHandlers, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
