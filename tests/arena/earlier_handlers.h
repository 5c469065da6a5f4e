// What tests share of handlers for SIGSEGV or SIGBUS that were there before the arena: a child has
// a page whose faults are its own, and an arena, or none.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <cleave/space.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/child.h"
#include "tests/support/far_below.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::earlier {

using namespace literals;

/// The arena that a program has, and may have been restored a page at a time.
struct Guest {
  const char* name;
  Tracking tracking;
  bool is_restored;
};
inline std::ostream& operator<<(std::ostream& out, const Guest& guest) { return out << guest.name; }

/// Whose faults a program meets beside an arena's.
struct Host {
  Guest guest;
  bool has_arena;
  bool catch_writers;
};

/// All that the handlers of a child work with: it has one thread.
struct Scene {
  std::optional<Pool> pool;
  std::optional<Arena> arena;
  std::byte* written = nullptr;  // by the handler: in the arena, if there is one
  std::byte* lifted = nullptr;   // a page whose write faults until the handler lifts that
  std::byte* barred = nullptr;   // one whose write always does
  int file = -1;                 // that of both, where their faults are SIGBUS
  std::array<std::byte, 256 << 10> alternate;
  sigjmp_buf back;
  std::array<int, 2> pipe;
  int calls = 0;
  enum class Then { returns, jumps, ends } then = Then::returns;
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
inline Scene scene;

// Sixteen pages, of which none begins with anything else than 0.
inline Arena restored(const Pool& pool, const ArenaOptions& options) {
  constexpr Address kAt{kFreePlace};
  Space space = must(Space::create(pool));
  must(space.map_at(kAt, 64_KiB));
  for (std::uint64_t page = 0; page < 16; ++page) {
    must(space.write(kAt + page * kPageSize + 100, std::array{std::byte{1}}));
  }
  return must(Arena::restore(must(space.snapshot()), {.arena = options}));
}

// From here on there is an arena, or none. What errno is after that is nobody's matter.
inline void arrive(const Host& host) {
  static std::array<std::byte, kPageSize> ordinary;
  scene.written = ordinary.data();
  errno = 0;
  if (!host.has_arena) return;
  const ArenaOptions options{.tracking = host.guest.tracking, .catch_writers = host.catch_writers};
  scene.pool.emplace(must(Pool::create(4_MiB)));
  scene.arena.emplace(host.guest.is_restored ? restored(*scene.pool, options)
                                             : must(Arena::create(*scene.pool, 64_KiB, options)));
  scene.written = scene.arena->data();
  // A handler that runs with SIGBUS blocked must not be the first who comes to a page.
  if (host.guest.is_restored) (void)must(scene.arena->fetch(scene.written, kPageSize));
  errno = 0;
}

// Has a child live through `play` in both worlds.
template <class Play>
inline void expect_the_same(const Guest& guest, Play play) {
  const auto run = [&](const Host& host) { return traced_child([&] { play(host); }); };
  const Ended without = run({guest, false, false});
  for (const bool catch_writers : {false, true}) {
    if (catch_writers && guest.tracking == Tracking::mprotect) continue;
    const Ended with = run({guest, true, catch_writers});
    EXPECT_EQ(with.said, without.said);
    EXPECT_EQ(with.status, without.status);
    if (!WIFSIGNALED(without.status)) continue;
    EXPECT_EQ(with.last.si_signo, without.last.si_signo);
    EXPECT_EQ(with.last.si_code, without.last.si_code);
    if (with.last.si_code > 0) {
      EXPECT_EQ(with.last.si_addr, without.last.si_addr);
    }
  }
}

inline unsigned long mask_now() {
  sigset_t now;
  (void)sigemptyset(&now);
  (void)sigprocmask(SIG_BLOCK, nullptr, &now);
  unsigned long bits = 0;
  for (int signal = 1; signal < 64; ++signal) {
    bits |= static_cast<unsigned long>(sigismember(&now, signal)) << signal;
  }
  return bits;
}

inline bool is_on_alternate_stack() {
  std::byte here{};
  stack_t now{};
  (void)sigaltstack(nullptr, &now);
  const std::byte* volatile at = &here;
  return (now.ss_flags & SS_ONSTACK) != 0 && at >= scene.alternate.data() &&
         at < scene.alternate.data() + scene.alternate.size();
}

inline void lift() {
  if (scene.file >= 0) {
    (void)ftruncate(scene.file, kPageSize);
  } else {
    (void)mprotect(scene.lifted, kPageSize, PROT_READ | PROT_WRITE);
  }
}
inline void bar() {
  if (scene.file >= 0) {
    (void)ftruncate(scene.file, 0);
  } else {
    (void)mprotect(scene.lifted, kPageSize, PROT_READ);
  }
}
inline void write_to(std::byte* page) { *static_cast<volatile std::byte*>(page) = std::byte{1}; }

inline void see(int signal) {
  const int errno_here = errno;
  say("call %d of %d, mask %lx, errno %d, %s stack\n", ++scene.calls, signal, mask_now(),
      errno_here, is_on_alternate_stack() ? "alternate" : "own");
  if (scene.calls > 3) _exit(3);
  *scene.written = std::byte{7};  // a first write to its page, perhaps
  lift();
  (void)!write(scene.pipe[1], "x", 1);
  if (scene.then == Scene::Then::jumps) siglongjmp(scene.back, 1);
  if (scene.then == Scene::Then::ends) _exit(4);
  errno = 55;
}
inline void ask_plainly(int signal) { see(signal); }
inline void with_info(int signal, siginfo_t* info, void* context) {
  const auto* where = static_cast<const ucontext_t*>(context);
  say("code %d, value %d, address %s, interrupted mask has it %d\n", info->si_code,
      info->si_code == SI_QUEUE ? info->si_value.sival_int : 0,
      info->si_code <= 0              ? "none"
      : info->si_addr == scene.lifted ? "lifted"
                                      : "other",
      sigismember(&where->uc_sigmask, signal));
  see(signal);
}

inline void install(int signal, int flags) {
  struct sigaction theirs {};
  if ((flags & SA_SIGINFO) != 0) {
    theirs.sa_sigaction = with_info;
  } else {
    theirs.sa_handler = ask_plainly;
  }
  theirs.sa_flags = flags;
  (void)sigaddset(&theirs.sa_mask, SIGUSR1);
  (void)sigaddset(&theirs.sa_mask, SIGWINCH);
  (void)sigaction(signal, &theirs, nullptr);
}

// Faults are to be this signal.
inline void prepare(int signal) {
  stack_t alternate{};
  alternate.ss_sp = scene.alternate.data();
  alternate.ss_size = scene.alternate.size();
  (void)sigaltstack(&alternate, nullptr);
  (void)!pipe(scene.pipe.data());
  if (signal == SIGBUS) {  // a file that is shorter than its mapping
    scene.file = memfd_create("short", MFD_CLOEXEC);
    scene.lifted = static_cast<std::byte*>(
        mmap(nullptr, 2 * kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, scene.file, 0));
    scene.barred = scene.lifted + kPageSize;
  } else {
    scene.lifted = static_cast<std::byte*>(
        mmap(nullptr, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    scene.barred = reinterpret_cast<std::byte*>(8);
  }
}

/// A child of each test lives beside a guest.
class BesideAGuest : public testing::TestWithParam<Guest> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
    if (const auto works = try_tracking(GetParam().tracking); !works) {
      GTEST_SKIP() << works.error().message();
    }
  }
  // Which signal the arena's faults are; SIGSEGV where there are none, for those of catch_writers.
  static int signal() {
    if (GetParam().is_restored) return SIGBUS;
    const int signal = tracker_kind(GetParam().tracking).signal;
    return signal == 0 ? SIGSEGV : signal;
  }
  // Of what the program's own faults are.
  static std::vector<int> signals() {
    return signal() == SIGBUS ? std::vector{SIGSEGV, SIGBUS} : std::vector{SIGSEGV};
  }
};

/// What EarlierHandlers and those like it are tried beside.
inline auto every_guest() {
  return testing::Values(
      Guest{"async", Tracking::async, false}, Guest{"sigbus", Tracking::sigbus, false},
      Guest{"mprotect", Tracking::mprotect, false}, Guest{"software", Tracking::software, false},
      Guest{"restored", Tracking::async, true});
}
inline std::string name_of_guest(const testing::TestParamInfo<Guest>& guest) {
  return guest.param.name;
}

}  // namespace cleave::detail::earlier
