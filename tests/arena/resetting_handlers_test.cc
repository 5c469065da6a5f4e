// An earlier handler that sets another action while it runs, as System V's had to: it meets what it
// would have met without an arena.
#include <csignal>

#include "tests/arena/earlier_handlers.h"

namespace cleave::detail::earlier {
namespace {

class ResettingHandlers : public BesideAGuest {};

// A fault of the program's own and one of the arena's, in turn, more often than there are fronts to
// give out (src/arena/signals/front_handler.cc).
void fault_over_and_over() {
  for (int round = 0; round < 200; ++round) {
    write_to(scene.lifted);
    scene.written[0] = std::byte{1};
    if (scene.arena) (void)must(scene.arena->commit());  // the next write faults again
    bar();
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
TEST_P(ResettingHandlers, MaySetThemselvesAnew) {
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
      fault_over_and_over();
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

TEST_P(ResettingHandlers, MaySetEachOtherAnewForEver) {
  expect_the_same(GetParam(), [&](const Host& host) {
    prepare(signal());
    (void)std::signal(signal(), set_the_other);
    arrive(host);
    fault_over_and_over();
  });
}

TEST_P(ResettingHandlers, MayGiveUpAndHaveTheProcessEnd) {
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

INSTANTIATE_TEST_SUITE_P(Tracked, ResettingHandlers, every_guest(), name_of_guest);

}  // namespace
}  // namespace cleave::detail::earlier
