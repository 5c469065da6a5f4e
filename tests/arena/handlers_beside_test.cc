// What an arena does beside a handler for SIGSEGV or SIGBUS that was there before it: the arena's
// faults are its own, and the handler has its place back.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/arena/earlier_handlers.h"

namespace cleave::detail::earlier {
namespace {

class HandlersBesideAnArena : public BesideAGuest {};

TEST_P(HandlersBesideAnArena, AreNotAskedAboutTheArenasOwnFaults) {
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
TEST_P(HandlersBesideAnArena, DoNotFillThePool) {
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

TEST_P(HandlersBesideAnArena, HaveTheirPlaceBackWhenTheLastArenaEnds) {
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

INSTANTIATE_TEST_SUITE_P(Tracked, HandlersBesideAnArena, every_guest(), name_of_guest);

}  // namespace
}  // namespace cleave::detail::earlier
