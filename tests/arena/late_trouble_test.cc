// A page that cannot be had ends the access in SIGBUS, named: never in zeroes, and never nowhere.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <optional>

#include "tests/arena/late_contents.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/far_below.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class LateArenaInTrouble : public LateArena {
 public:
  void refuse() {
    beyond_.refuses_get = [] { return true; };
  }
  /// The child's own standard error is what it says.
  static void say_errors() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return;
    (void)dup2(ends[1], STDERR_FILENO);
    from_stderr = ends[0];
  }
  static inline int from_stderr = -1;  // NOLINT: of the child alone
  static void on_bus(int signal, siginfo_t* info, void* /*context*/) {
    std::array<char, 512> line{};
    const ssize_t size = ::read(from_stderr, line.data(), line.size() - 1);
    say("signal %d at %#lx: %.*s", signal,
        static_cast<unsigned long>(reinterpret_cast<std::uintptr_t>(info->si_addr)),
        static_cast<int>(size), line.data());
    _exit(7);
  }
  static void handle_bus() {
    struct sigaction action {};
    action.sa_sigaction = on_bus;
    action.sa_flags = SA_SIGINFO;
    (void)sigaction(SIGBUS, &action, nullptr);
  }
  /// A child with an arena, and what it says when it touches a page that does not come.
  std::string said_of_a_touch(const std::function<void(LateArenaInTrouble&)>& trouble,
                              RestoreOptions options, std::uint64_t page, bool writes) {
    const Ended ended = child([&] {
      LateArenaInTrouble own_process;
      own_process.SetUp();
      say_errors();
      handle_bus();
      Arena arena = own_process.restore(options);
      trouble(own_process);
      if (writes) {
        store(arena, page, 1);
      } else {
        say("read %d", static_cast<int>(load(arena, page)));
      }
      _exit(8);
    });
    EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 7) << ended.status;
    return ended.said;
  }
  void TestBody() override {}
};

// A sanitizer tells of the signal in its own way, and exits.
testing::AssertionResult was_ended_by(const Ended& ended, int signal) {
  if (!ended.said.empty()) return testing::AssertionFailure() << ended.said;
  if (kSanitized && WIFEXITED(ended.status) && WEXITSTATUS(ended.status) != 0) {
    return testing::AssertionSuccess();
  }
  if (WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == signal) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "status " << ended.status;
}

std::string hex_of(std::uint64_t page) {
  std::array<char, 32> digits{};
  (void)std::snprintf(digits.data(), digits.size(), "%#llx",
                      static_cast<unsigned long long>(kFreePlace + page * kPageSize));
  return digits.data();
}

TEST_F(LateArenaInTrouble, NamesThePageItsOriginAndWhatWasTheMatter) {
  for (const bool writes : {false, true}) {
    const std::string said =
        said_of_a_touch([](LateArenaInTrouble& self) { self.refuse(); }, {}, 77, writes);
    EXPECT_THAT(said, HasSubstr("signal 7 at " + hex_of(77)));
    EXPECT_THAT(said, HasSubstr("0000" + hex_of(77).substr(2)));
    EXPECT_THAT(said, HasSubstr("the test's snapshot"));
    EXPECT_THAT(said, HasSubstr("the test's backing gives no page"));
  }
}

TEST_F(LateArenaInTrouble, EndsAProgramWithoutAHandlerBySigbus) {
  const Ended ended = child([] {
    LateArenaInTrouble own_process;
    own_process.SetUp();
    Arena arena = own_process.restore();
    own_process.refuse();
    say("read %d", static_cast<int>(load(arena, 9)));
  });
  EXPECT_TRUE(was_ended_by(ended, SIGBUS));
}

TEST_F(LateArenaInTrouble, WaitsNoLongerThanItsPatience) {
  const std::string said = said_of_a_touch([](LateArenaInTrouble& self) { self.keep_back(); },
                                           {.patience = 50ms}, 30, false);
  EXPECT_THAT(said, HasSubstr("signal 7 at " + hex_of(30)));
  EXPECT_THAT(said, HasSubstr("did not come in time"));
  EXPECT_THAT(said, HasSubstr("the test's snapshot"));
}

TEST_F(LateArenaInTrouble, OutlivesTheThreadThatFetches) {
  const std::string said = said_of_a_touch(
      [](LateArenaInTrouble& self) {
        self.beyond_.refuses_get = [] {
          (void)syscall(SYS_exit, 0);
          return false;
        };
      },
      {.patience = 50ms}, 31, false);
  EXPECT_THAT(said, HasSubstr("signal 7 at " + hex_of(31)));
  EXPECT_THAT(said, HasSubstr("or the thread that asks it has ended"));
}

TEST_F(LateArenaInTrouble, EndsThreadsThatWaitWhenTheArenaEnds) {
  const Ended ended = child([] {
    LateArenaInTrouble own_process;
    own_process.SetUp();
    say_errors();
    handle_bus();
    std::optional<Arena> arena(own_process.restore());
    std::atomic<bool> asked{false};
    own_process.beyond_.refuses_get = [&] {
      asked = true;
      for (;;) std::this_thread::yield();
      return false;
    };
    std::thread waits([&] { say("read %d", static_cast<int>(load(*arena, 9))); });
    while (!asked) std::this_thread::yield();
    arena.reset();
    _exit(8);
  });
  EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 7) << ended.status;
  EXPECT_THAT(ended.said, HasSubstr("signal 7 at " + hex_of(9)));
  EXPECT_THAT(ended.said, HasSubstr("while its arena ends"));
}

thread_local sigjmp_buf back;
void jump_back(int /*signal*/) { siglongjmp(back, 1); }

// A touch that a program survives by a handler that jumps.
bool can_touch(const std::byte* at) {
  if (sigsetjmp(back, 1) != 0) return false;
  return *static_cast<const volatile std::byte*>(at) <= std::byte{0xff};
}

TEST_F(LateArenaInTrouble, TriesAgainAtTheNextTouch) {
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = jump_back;
  (void)sigaction(SIGBUS, &action, &before);
  {
    Arena arena = restore();
    refuse();
    for (int times = 0; times < 3; ++times) EXPECT_FALSE(can_touch(at(arena, 9)));
    EXPECT_TRUE(can_touch(at(arena, 1))) << "zeroes need no store";
    EXPECT_TRUE(
        fails_at(arena.fetch(at(arena, 8), arena.size() - 8 * kPageSize), Errc::io, address(8)));
    EXPECT_TRUE(
        fails_at(arena.pin(at(arena, 9), ByteCount{1}, PinAccess::read), Errc::io, address(9)));
    EXPECT_EQ(arena.missing(), count());
    EXPECT_EQ(must(arena.commit()).pages(), 0u) << "which needs none of them";
    must(arena.revert());
    beyond_.refuses_get = nullptr;
    expect_right(arena);
  }
  (void)sigaction(SIGBUS, &before, nullptr);
}

// Memory that was moved is watched no more: whoever looked since has seen zeroes.
TEST_F(LateArenaInTrouble, RecordsNothingWherePagesWereMovedBeforeTheyHadCome) {
  Arena arena = restore();
  const Commit first = arena.head();
  void* const elsewhere = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  constexpr int kThere = MREMAP_MAYMOVE | MREMAP_FIXED;
  ASSERT_EQ(mremap(at(arena, 60), kPageSize, kPageSize, kThere, elsewhere), elsewhere);
  const auto away = arena.commit();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::not_mapped);
  ASSERT_EQ(mremap(elsewhere, kPageSize, kPageSize, kThere, at(arena, 60)), at(arena, 60));
  EXPECT_EQ(load(arena, 60), std::byte{0});
  store(arena, 60, 1);
  for (const auto& refused : {arena.revert(), arena.checkout(first)}) {
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("was moved"));
  }
  const auto commit = arena.commit();
  ASSERT_FALSE(commit);
  EXPECT_THAT(commit.error().message(), HasSubstr("was moved"));
  EXPECT_EQ(arena.head(), first);
}

TEST_F(LateArenaInTrouble, IsNotInAChildOfFork) {
  Arena arena = restore();
  (void)load(arena, 8);
  keep_back();
  std::thread waits([&] { EXPECT_TRUE(is_right(at(arena, 60), 60)); });
  const Ended touches = child([&] { say("read %d", static_cast<int>(load(arena, 9))); });
  EXPECT_TRUE(was_ended_by(touches, SIGSEGV));
  EXPECT_TRUE(is_well(child([&] {
    if (arena.fetch(at(arena, 9), ByteCount{1}).error().code != Errc::not_permitted) say("fetched");
    arena.mark_dirty(at(arena, 9), ByteCount{1});
    const Arena ends(std::move(arena));
  })));
  release();
  waits.join();
  expect_right(arena);
}

}  // namespace
}  // namespace cleave::detail
