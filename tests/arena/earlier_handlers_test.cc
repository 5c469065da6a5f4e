// A handler for SIGSEGV or SIGBUS that was there before the arena meets what it would have met
// without one. Everything here runs twice, without an arena and with one, and is compared.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <cleave/space.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/child.h"
#include "tests/support/far_below.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

/// The arena that a program has, and may have been restored a page at a time.
struct Guest {
  const char* name;
  Tracking tracking;
  bool is_restored;
};
std::ostream& operator<<(std::ostream& out, const Guest& guest) { return out << guest.name; }

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
Scene scene;

// Sixteen pages, of which none begins with anything else than 0.
Arena restored(const Pool& pool, const ArenaOptions& options) {
  constexpr Address kAt{kFreePlace};
  Space space = must(Space::create(pool));
  must(space.map_at(kAt, 64_KiB));
  for (std::uint64_t page = 0; page < 16; ++page) {
    must(space.write(kAt + page * kPageSize + 100, std::array{std::byte{1}}));
  }
  return must(Arena::restore(must(space.snapshot()), {.arena = options}));
}

// From here on there is an arena, or none. What errno is after that is nobody's matter.
void arrive(const Host& host) {
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
void expect_the_same(const Guest& guest, Play play) {
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

unsigned long mask_now() {
  sigset_t now;
  (void)sigemptyset(&now);
  (void)sigprocmask(SIG_BLOCK, nullptr, &now);
  unsigned long bits = 0;
  for (int signal = 1; signal < 64; ++signal) {
    bits |= static_cast<unsigned long>(sigismember(&now, signal)) << signal;
  }
  return bits;
}

bool is_on_alternate_stack() {
  std::byte here{};
  stack_t now{};
  (void)sigaltstack(nullptr, &now);
  const std::byte* volatile at = &here;
  return (now.ss_flags & SS_ONSTACK) != 0 && at >= scene.alternate.data() &&
         at < scene.alternate.data() + scene.alternate.size();
}

void lift() {
  if (scene.file >= 0) {
    (void)ftruncate(scene.file, kPageSize);
  } else {
    (void)mprotect(scene.lifted, kPageSize, PROT_READ | PROT_WRITE);
  }
}
void bar() {
  if (scene.file >= 0) {
    (void)ftruncate(scene.file, 0);
  } else {
    (void)mprotect(scene.lifted, kPageSize, PROT_READ);
  }
}
void write_to(std::byte* page) { *static_cast<volatile std::byte*>(page) = std::byte{1}; }

void see(int signal) {
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
void ask_plainly(int signal) { see(signal); }
void with_info(int signal, siginfo_t* info, void* context) {
  const auto* where = static_cast<const ucontext_t*>(context);
  say("code %d, value %d, address %s, interrupted mask has it %d\n", info->si_code,
      info->si_code == SI_QUEUE ? info->si_value.sival_int : 0,
      info->si_code <= 0              ? "none"
      : info->si_addr == scene.lifted ? "lifted"
                                      : "other",
      sigismember(&where->uc_sigmask, signal));
  see(signal);
}

void install(int signal, int flags) {
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
void prepare(int signal) {
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

constexpr std::array kFlags = {SA_SIGINFO, int(SA_RESETHAND), SA_NODEFER, SA_ONSTACK, SA_RESTART};
int flags_of(unsigned choice) {
  int flags = 0;
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    if ((choice >> i & 1) != 0) flags |= kFlags[i];
  }
  return flags;
}

class EarlierHandlers : public testing::TestWithParam<Guest> {
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

TEST_P(EarlierHandlers, MeetAFaultThatTheyMend) {
  for (const int signal : signals()) {
    for (unsigned choice = 0; choice < 32; ++choice) {
      SCOPED_TRACE(std::to_string(choice) + " of signal " + std::to_string(signal));
      expect_the_same(GetParam(), [&](const Host& host) {
        prepare(signal);
        install(signal, flags_of(choice));
        arrive(host);
        for (int round = 0; round < 2; ++round) {  // the second meets what the first has left
          errno = 44;
          write_to(scene.lifted);
          say("then mask %lx, errno %d\n", mask_now(), errno);
          bar();
        }
      });
    }
  }
}

TEST_P(EarlierHandlers, MeetAFaultThatTheyJumpOutOf) {
  for (unsigned choice = 0; choice < 64; ++choice) {
    const int keeps_mask = static_cast<int>(choice / 32);
    SCOPED_TRACE(std::to_string(choice % 32) + (keeps_mask != 0 ? ", mask kept" : ""));
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      install(signal(), flags_of(choice % 32));
      scene.then = Scene::Then::jumps;
      arrive(host);
      for (int round = 0; round < 2; ++round) {
        if (sigsetjmp(scene.back, keeps_mask) == 0) write_to(scene.barred);
        say("then mask %lx\n", mask_now());
      }
    });
  }
}

TEST_P(EarlierHandlers, MeetAFaultThatTheyLeaveAsItIs) {
  for (unsigned choice = 0; choice < 32; ++choice) {
    SCOPED_TRACE(choice);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      install(signal(), flags_of(choice));
      arrive(host);
      write_to(scene.barred);  // for ever, but for SA_RESETHAND
    });
  }
}

TEST_P(EarlierHandlers, MeetWhatProcessesSend) {
  for (unsigned choice = 0; choice < 32; ++choice) {
    SCOPED_TRACE(choice);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      install(signal(), flags_of(choice));
      arrive(host);
      const sigval value{.sival_int = 42};
      (void)sigqueue(getpid(), signal(), value);
      (void)kill(getpid(), signal());  // this and what follows: the end after SA_RESETHAND
      (void)raise(signal());
      say("then mask %lx\n", mask_now());
    });
  }
}

TEST_P(EarlierHandlers, InterruptASystemCallOrHaveItGoOnAsTheyAsked) {
  for (const int flags : {0, SA_RESTART, SA_RESTART | SA_SIGINFO | SA_ONSTACK}) {
    SCOPED_TRACE(flags);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      install(signal(), flags);
      arrive(host);
      sigevent event{};
      event.sigev_notify = SIGEV_SIGNAL;
      event.sigev_signo = signal();
      timer_t timer{};
      (void)timer_create(CLOCK_MONOTONIC, &event, &timer);
      const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 20'000'000}};
      (void)timer_settime(timer, 0, &soon, nullptr);
      char byte = 0;
      const ssize_t got = read(scene.pipe[0], &byte, 1);
      say("read gave %zd, errno %d\n", got, got < 0 ? errno : 0);
    });
  }
}

TEST_P(EarlierHandlers, MayFaultThemselves) {
  for (const int flags : {0, SA_NODEFER, SA_NODEFER | int(SA_RESETHAND), SA_NODEFER | SA_ONSTACK}) {
    SCOPED_TRACE(flags);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      struct sigaction theirs {};
      theirs.sa_flags = flags;
      theirs.sa_handler = [](int) {
        say("call %d, %s stack\n", ++scene.calls, is_on_alternate_stack() ? "alternate" : "own");
        if (scene.calls == 3) _exit(3);
        *scene.written = std::byte{1};
        write_to(scene.barred);
      };
      (void)sigaction(signal(), &theirs, nullptr);
      arrive(host);
      write_to(scene.barred);
    });
  }
}

int anew_flags = 0;
void set_anew(int signal) {
  say("call %d\n", ++scene.calls);
  struct sigaction again {};
  again.sa_handler = set_anew;
  again.sa_flags = anew_flags;
  (void)sigaction(signal, &again, nullptr);
  lift();
}

// As System V had it: reset before each call, and set once more by the handler.
TEST_P(EarlierHandlers, MaySetThemselvesAnew) {
  for (const int flags : {int(SA_RESETHAND | SA_NODEFER), SA_RESTART}) {
    SCOPED_TRACE(flags);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      anew_flags = flags;
      struct sigaction theirs {};
      theirs.sa_handler = set_anew;
      theirs.sa_flags = flags;
      (void)sigaction(signal(), &theirs, nullptr);
      arrive(host);
      for (int round = 0; round < 200; ++round) {
        write_to(scene.lifted);
        scene.written[0] = std::byte{1};
        if (scene.arena) (void)must(scene.arena->commit());  // the next write faults again
        bar();
      }
    });
  }
}

void set_the_other(int signal);
void set_the_one(int signal) {
  say("the other, call %d\n", ++scene.calls);
  (void)std::signal(signal, set_the_other);
  lift();
}
void set_the_other(int signal) {
  say("the one, call %d\n", ++scene.calls);
  (void)std::signal(signal, set_the_one);
  lift();
}

TEST_P(EarlierHandlers, MaySetEachOtherAnewForEver) {
  expect_the_same(GetParam(), [&](const Host& host) {
    prepare(signal());
    (void)std::signal(signal(), set_the_other);
    arrive(host);
    for (int round = 0; round < 200; ++round) {
      write_to(scene.lifted);
      scene.written[0] = std::byte{1};
      if (scene.arena) (void)must(scene.arena->commit());  // the next write faults again
      bar();
    }
  });
}

TEST_P(EarlierHandlers, MayGiveUpAndHaveTheProcessEnd) {
  for (const bool sends : {false, true}) {
    SCOPED_TRACE(sends);
    expect_the_same(GetParam(), [&](const Host& host) {
      static bool sent;
      sent = sends;
      prepare(signal());
      (void)std::signal(signal(), [](int signal) {
        say("reported\n");
        (void)std::signal(signal, SIG_DFL);
        if (sent) (void)raise(signal);
      });
      arrive(host);
      write_to(scene.barred);
    });
  }
}

TEST_P(EarlierHandlers, MayBeNone) {
  for (const bool is_ignored : {false, true}) {
    SCOPED_TRACE(is_ignored);
    const auto after = [&](auto happens) {
      expect_the_same(GetParam(), [&](const Host& host) {
        if (is_ignored) (void)std::signal(signal(), SIG_IGN);
        arrive(host);
        happens();
        say("lives\n");
      });
    };
    after([] { *reinterpret_cast<volatile int*>(0x1238) = 1; });
    after([] { *reinterpret_cast<volatile int*>(0x8000'0000'0000'0000) = 1; });  // tells no address
    after([] { reinterpret_cast<void (*)()>(0x1238)(); });
    after([] { (void)kill(getpid(), signal()); });
    after([] { (void)raise(signal()); });
    after([] { (void)sigqueue(getpid(), signal(), {.sival_int = 3}); });
    after([] {
      // A file that is shorter than its mapping.
      const int file = memfd_create("short", MFD_CLOEXEC);
      void* at = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
                      file, 0);
      *static_cast<volatile char*>(at) = 1;
    });
  }
}

TEST_P(EarlierHandlers, AreNotAskedAboutTheArenasOwnFaults) {
  EXPECT_TRUE(is_well(child([] {
    prepare(signal());
    install(signal(), SA_RESETHAND | SA_SIGINFO);
    arrive({GetParam(), true, false});
    Arena& arena = *scene.arena;
    const Commit before = arena.head();
    const auto write = [&](std::size_t page) {
      std::byte* const at = arena.data() + page * kPageSize;
      if (!tracker_kind(GetParam().tracking).notices) arena.mark_dirty(at, 1);
      write_to(at);
    };
    write(0);
    errno = 12;
    write(5);
    if (errno != 12) say("errno has changed");
    if (must(arena.commit()).pages() != 2) say("the commit");
    must(arena.checkout(before));
    if (arena.data()[0] != std::byte{0}) say("the checkout");
  })));
}

/// A page that the handler writes in every call, with what it has counted.
void write_the_ninth_page(int) {
  Arena& arena = *scene.arena;
  std::byte* const at = arena.data() + 9 * kPageSize;
  arena.mark_dirty(at, 1);
  *at = std::byte(++scene.calls);
  lift();
}

// All that they could have written counts as changed, but only what they did write is recorded.
TEST_P(EarlierHandlers, DoNotFillThePool) {
  EXPECT_TRUE(is_well(child([] {
    prepare(signal());
    struct sigaction theirs {};
    theirs.sa_handler = write_the_ninth_page;
    (void)sigfillset(&theirs.sa_mask);
    (void)sigaction(signal(), &theirs, nullptr);
    arrive({GetParam(), true, false});
    Arena& arena = *scene.arena;
    arena.mark_dirty(arena.data(), arena.size());
    std::memset(arena.data(), 1, arena.size().value);
    const Commit full = must(arena.commit());
    for (int round = 0; round < 3; ++round) {
      scene.calls = round + 1;
      write_to(scene.lifted);
      bar();
      if (const auto pages = must(arena.commit()).pages(); pages != 1) {
        say("round %d: %d pages;", round, static_cast<int>(pages));
      }
    }
    must(arena.checkout(full));
    if (arena.data()[9 * kPageSize] != std::byte{1}) say("the handler's write stays");
  })));
}

TEST_P(EarlierHandlers, HaveTheirPlaceBackWhenTheLastArenaEnds) {
  EXPECT_TRUE(is_well(child([] {
    for (const int flags : {SA_ONSTACK | SA_NODEFER, SA_RESTART | SA_SIGINFO}) {
      for (int round = 0; round < 100; ++round) {
        install(signal(), flags);
        struct sigaction before {};
        struct sigaction after {};
        (void)sigaction(signal(), nullptr, &before);
        arrive({GetParam(), true, GetParam().tracking != Tracking::mprotect});
        (void)must(scene.arena->commit());
        scene.arena.reset();
        (void)sigaction(signal(), nullptr, &after);
        if (before.sa_handler != after.sa_handler || before.sa_flags != after.sa_flags ||
            std::memcmp(&before.sa_mask, &after.sa_mask, 8) != 0) {
          say("another action;");
        }
      }
    }
  })));
}

INSTANTIATE_TEST_SUITE_P(Tracked, EarlierHandlers,
                         testing::Values(Guest{"async", Tracking::async, false},
                                         Guest{"sigbus", Tracking::sigbus, false},
                                         Guest{"mprotect", Tracking::mprotect, false},
                                         Guest{"software", Tracking::software, false},
                                         Guest{"restored", Tracking::async, true}),
                         [](const auto& guest) { return guest.param.name; });

}  // namespace
}  // namespace cleave::detail
