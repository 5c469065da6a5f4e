// A handler for SIGSEGV or SIGBUS that was there before the arena meets what it would have met
// without one. Everything here runs twice, without an arena and with one, and is compared.
#include "tests/arena/earlier_handlers.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <string>
#include <thread>

#include "sync/waiters/in_kernel.h"

namespace cleave::detail::earlier {
namespace {

class EarlierHandlers : public BesideAGuest {};

constexpr std::array kFlags = {SA_SIGINFO, int(SA_RESETHAND), SA_NODEFER, SA_ONSTACK, SA_RESTART};
int flags_of(unsigned choice) {
  int flags = 0;
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    if ((choice >> i & 1) != 0) flags |= kFlags[i];
  }
  return flags;
}

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

/// Sends a thread of this process the signal once it sleeps in read(2).
void send_to_a_reader(long thread, int signal) {
  const auto reads = [thread] {
    const auto now = look_at(thread);
    return !now || (*now && (*now)->call == SYS_read);
  };
  while (!reads()) std::this_thread::yield();
  (void)syscall(SYS_tgkill, getpid(), thread, signal);
}

TEST_P(EarlierHandlers, InterruptASystemCallOrHaveItGoOnAsTheyAsked) {
  for (const int flags : {0, SA_RESTART, SA_RESTART | SA_SIGINFO | SA_ONSTACK}) {
    SCOPED_TRACE(flags);
    expect_the_same(GetParam(), [&](const Host& host) {
      prepare(signal());
      install(signal(), flags);
      arrive(host);
      std::thread sender(send_to_a_reader, syscall(SYS_gettid), signal());
      char byte = 0;
      const ssize_t got = read(scene.pipe[0], &byte, 1);
      say("read gave %zd, errno %d\n", got, got < 0 ? errno : 0);
      sender.join();
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

INSTANTIATE_TEST_SUITE_P(Tracked, EarlierHandlers, every_guest(), name_of_guest);

}  // namespace
}  // namespace cleave::detail::earlier
