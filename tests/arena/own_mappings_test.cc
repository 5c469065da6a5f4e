// What a program has made of pages of its arena stays so: by signals that are passed on to its
// handlers, by faults, by seals and locks, and when the arena ends.
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "tests/arena/every_tracking.h"
#include "tests/support/child.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

sigjmp_buf before_the_access;
void jump_before(int /*signal*/) { siglongjmp(before_the_access, 1); }
void do_nothing(int /*signal*/) {}

/// Each in a child, with handlers of its own that were there before the arena.
class ProgramsOwn : public EveryTracking {
 protected:
  static constexpr std::size_t kFilled = 40;
  static constexpr ByteCount kSize = 1_MiB;

  void is_well_in_a_child(void (*handler)(int), const std::function<void()>& body,
                          ArenaOptions options = {}) {
    if (kSanitized) GTEST_SKIP() << "a sanitizer handles signals itself";
    options.tracking = GetParam();
    EXPECT_TRUE(is_well(child([&] {
      (void)std::signal(SIGSEGV, handler);
      (void)std::signal(SIGBUS, handler);
      pool_.emplace(must(Pool::create(16_MiB)));
      arena_.emplace(must(Arena::create(*pool_, kSize, options)));
      fill("old");
      before_.emplace(must(arena_->commit()));
      body();
    })));
  }

  [[nodiscard]] std::byte* at(std::size_t page) const { return arena_->data() + page * kPageSize; }
  void fill(std::string_view text) {
    for (std::size_t page = 0; page < kFilled; ++page) write(*arena_, page * kPageSize, text);
  }
  void goes_back() {
    fill("new");
    must(arena_->checkout(*before_));
    for (std::size_t page = 0; page < kFilled; ++page) {
      if (text_at(*arena_, page * kPageSize, 3) != "old") say("page %zu did not go back;", page);
    }
  }
  /// An arena that is made now.
  void one_goes_back() {
    auto made = Arena::create(*pool_, kSize, {.tracking = GetParam()});
    if (!made) return say("%s;", made.error().message().c_str());
    arena_.emplace(std::move(*made));
    fill("old");
    before_.emplace(must(arena_->commit()));
    goes_back();
  }
  /// What the program has mapped over it, of so many pages.
  void outlives_the_arena(const std::byte* own, std::size_t pages) {
    if (arena_->commit()) say("a commit did not notice;");
    before_.reset();
    arena_.reset();
    if (!can_read(own) || !can_read(own + (pages - 1) * kPageSize)) say("it is gone;");
  }
  /// Whether the kernel can read there: what the program forbade it is forbidden, too.
  static bool can_read(const std::byte* page) {
    std::array<int, 2> ends{};
    (void)pipe(ends.data());
    const bool can = ::write(ends[1], page, 1) == 1;
    for (const int end : ends) (void)close(end);
    return can;
  }
  std::byte* cover(std::size_t page, std::size_t pages) {
    void* own = mmap(at(page), pages * kPageSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    (void)std::memset(own, 5, pages * kPageSize);
    return static_cast<std::byte*>(own);
  }

  std::optional<Pool> pool_;
  std::optional<Arena> arena_;
  std::optional<Commit> before_;
};

TEST_P(ProgramsOwn, GuardPagesStayThoughASignalIsPassedOn) {
  is_well_in_a_child(do_nothing, [&] {
    for (const std::size_t page : {5U, 9U}) (void)mprotect(at(page), kPageSize, PROT_NONE);
    (void)raise(SIGSEGV);
    (void)raise(SIGBUS);
    for (const std::size_t page : {5U, 9U}) {
      if (can_read(at(page))) say("page %zu was opened;", page);
    }
    write(*arena_, 7 * kPageSize, "new");
    (void)must(arena_->commit());
    if (can_read(at(5))) say("a commit opened it;");
    arena_->mark_dirty(at(5), 5 * kPageSize);
    (void)mprotect(at(5), 5 * kPageSize, PROT_READ | PROT_WRITE);
    goes_back();
  });
}

TEST_P(ProgramsOwn, CodeStaysExecutableThoughASignalIsPassedOn) {
#if defined(__x86_64__)
  is_well_in_a_child(jump_before, [&] {
    arena_->mark_dirty(at(5), kPageSize);
    *at(5) = std::byte{0xc3};                                            // ret
    if (mprotect(at(5), kPageSize, PROT_READ | PROT_EXEC) != 0) return;  // a policy
    for (const int signal : {SIGSEGV, SIGBUS}) {
      if (sigsetjmp(before_the_access, 1) == 0) (void)raise(signal);
    }
    if (sigsetjmp(before_the_access, 1) != 0) return say("it cannot be called;");
    reinterpret_cast<void (*)()>(at(5))();
  });
#endif
}

TEST_P(ProgramsOwn, ReadOnlyMappingOverAPageIsNotOpenedByAWrite) {
  is_well_in_a_child(jump_before, [&] {
    const int file = memfd_create("own", MFD_CLOEXEC);
    (void)ftruncate(file, kPageSize);
    (void)mmap(at(3), kPageSize, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
    if (sigsetjmp(before_the_access, 1) == 0) {
      *static_cast<volatile std::byte*>(at(3)) = std::byte{1};
      say("it was opened;");
    }
    if (arena_->commit()) say("a commit did not notice;");
  });
}

TEST_P(ProgramsOwn, MappingsOverAnArenaOutliveIt) {
  is_well_in_a_child(do_nothing, [&] {
    const std::byte* const own = cover(20, 4);
    (void)munmap(at(30), kPageSize);
    const std::byte* const first = at(0);
    outlives_the_arena(own, 4);
    if (can_read(first) || can_read(own + 4 * kPageSize)) say("the arena is not;");
  });
}

TEST_P(ProgramsOwn, MappingOverAllOfAnArenaOutlivesIt) {
  is_well_in_a_child(do_nothing, [&] {
    constexpr std::size_t kAll = kSize.value / kPageSize;
    outlives_the_arena(cover(0, kAll), kAll);
  });
}

TEST_P(ProgramsOwn, SealsAreNamedWhereWritersAreToBeCaught) {
  if (GetParam() == Tracking::mprotect) GTEST_SKIP() << "nobody is caught beside it";
  constexpr long kMseal = 462;  // Linux 6.10
  is_well_in_a_child(do_nothing,
                     [&] {
                       if (syscall(kMseal, at(8), 4 * kPageSize, 0) != 0) return;
                       const auto refused = arena_->commit();
                       if (refused || refused.error().code != Errc::unsupported ||
                           std::strstr(refused.error().what, "mseal(2)") == nullptr) {
                         say("it is not said;");
                       }
                       write(*arena_, 0, "new");
                       write(*arena_, 8 * kPageSize, "new");
                       if (text_at(*arena_, 0, 3) != "new") say("it cannot be written;");
                     },
                     {.catch_writers = true});
}

TEST_P(ProgramsOwn, LocksOfAllMemoryTakeNoTrackingAway) {
  rlimit locked{};
  (void)getrlimit(RLIMIT_MEMLOCK, &locked);
  if (geteuid() != 0 && locked.rlim_cur < 64U << 20) GTEST_SKIP() << "RLIMIT_MEMLOCK is too low";
  is_well_in_a_child(do_nothing, [&] {
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return;
    before_.reset();
    arena_.reset();
    one_goes_back();
  });
}

TEST_P(ProgramsOwn, MemoryMayBeExecutableWhereverItCanBeRead) {
  EXPECT_TRUE(is_well(child([&] {
    if (kSanitized || personality(READ_IMPLIES_EXEC) < 0) return;
    pool_.emplace(must(Pool::create(16_MiB)));
    one_goes_back();
  })));
}

INSTANTIATE_TEST_SUITE_P(By, ProgramsOwn, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
