// Arenas where the machine gives little: few mappings, no locked memory, no privileges, no
// userfaultfd.
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "arena/track/fault_tracker.h"
#include "arena/track/registry.h"
#include "tests/arena/every_tracking.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace literals;

std::size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t lines = 0;
  for (std::string line; std::getline(maps, line);) ++lines;
  return lines;
}

/// As in "rw-s": of the mapping that the page belongs to.
std::string protection_at(const std::byte* page) {
  const auto address = reinterpret_cast<std::uintptr_t>(page);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::size_t taken = 0;
    const std::uintptr_t first = std::stoull(line, &taken, 16);
    const std::uintptr_t end = std::stoull(line.substr(taken + 1), nullptr, 16);
    if (address >= first && address < end) return line.substr(line.find(' ') + 1, 4);
  }
  return "none";
}

/// Commits, writes, checks out; what is wrong with the outcome.
std::string try_out(Tracking tracking) {
  Pool pool = must(Pool::create(16_MiB));
  auto made = Arena::create(pool, 4_MiB, {.tracking = tracking});
  if (!made) return made.error().message();
  Arena& arena = *made;
  const auto write = [&](std::size_t page, char what) {
    arena.mark_dirty(arena.data() + page * kPageSize, 1);
    arena.data()[page * kPageSize] = std::byte(what);
  };
  for (std::size_t page = 0; page < 1000; page += 3) write(page, 'a');
  const auto first = arena.commit();
  if (!first) return first.error().message();
  for (std::size_t page = 0; page < 1000; page += 2) write(page, 'b');
  const auto second = arena.commit();
  if (!second) return second.error().message();
  if (auto done = arena.checkout(*first); !done) return done.error().message();
  for (std::size_t page = 0; page < 1000; ++page) {
    const std::byte expected{page % 3 == 0 ? std::byte('a') : std::byte{0}};
    if (arena.data()[page * kPageSize] != expected) return "page " + std::to_string(page);
  }
  return "";
}

class PoorArenas : public testing::TestWithParam<Tracking> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(GetParam()); !works) {
      GTEST_SKIP() << name(GetParam()) << ": " << works.error().message();
    }
  }
};

TEST_P(PoorArenas, WorkWithoutPrivilegesAndWithoutLockedMemory) {
  EXPECT_TRUE(in_a_child([] {
    limit(RLIMIT_MEMLOCK, 0);
    if (!become_nobody()) return std::string("cannot give up privileges");
    return try_out(GetParam());
  }));
}

TEST_P(PoorArenas, SaySoWhenThereIsNoDescriptorLeft) {
  if (kSanitized) GTEST_SKIP() << "UBSan asks by a pipe whether memory is there";
  EXPECT_TRUE(in_a_child([] {
    Pool pool = must(Pool::create(1_MiB));
    const rlim_t before = limit(RLIMIT_NOFILE, 3);
    const auto made = Arena::create(pool, 1_MiB, {.tracking = GetParam()});
    if (made) return std::string("it was made");
    limit(RLIMIT_NOFILE, before);
    return try_out(GetParam());
  }));
}

TEST_P(PoorArenas, SaySoWhenThereIsNoAddressSpace) {
  if (kSanitized) GTEST_SKIP() << "shadow memory needs much address space";
  EXPECT_TRUE(in_a_child([] {
    Pool pool = must(Pool::create(1_MiB));
    limit(RLIMIT_AS, mapped_bytes() + (512 << 20));
    const auto made = Arena::create(pool, 1_GiB, {.tracking = GetParam()});
    if (made) return std::string("it was made");
    if (made.error().code != Errc::no_memory) return made.error().message();
    return try_out(GetParam());
  }));
}

TEST_P(PoorArenas, SaySoWhenFilesMayNotBeThatLarge) {
  EXPECT_TRUE(in_a_child([] {
    Pool pool = must(Pool::create(1_MiB));
    limit(RLIMIT_FSIZE, 2 << 20);
    const auto made = Arena::create(pool, 4_MiB, {.tracking = GetParam()});
    if (made) return std::string("it was made");
    if (made.error().code != Errc::bad_argument) return made.error().message();
    return Arena::create(pool, 1_MiB, {.tracking = GetParam()}) ? std::string()
                                                                : "not even a small one";
  }));
}

INSTANTIATE_TEST_SUITE_P(By, PoorArenas, testing::ValuesIn(every_choice()),
                         [](const auto& by) { return name(by.param); });

// A page written between two that are not is a mapping of its own under mprotect, and a process may
// have 65,530: beyond that even malloc fails.
TEST(ArenasByMprotect, LeaveTheProcessMappingsWhenManyScatteredPagesAreWritten) {
  constexpr std::size_t kWritten = 40'000;
  Pool pool = must(Pool::create(512_MiB));
  Arena arena = must(Arena::create(pool, 512_MiB, {.tracking = Tracking::mprotect}));
  const auto at = [&](std::size_t i) -> std::byte& { return arena.data()[i * 3 * kPageSize]; };
  for (std::size_t i = 0; i < kWritten; ++i) at(i) = std::byte{1};
  EXPECT_LT(mappings(), 32'000u);
  std::vector<void*> mapped;
  for (int i = 0; i < 10'000; ++i) {  // each apart from its neighbours
    const int protection = i % 2 == 0 ? PROT_NONE : PROT_READ;
    void* page = mmap(nullptr, kPageSize, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED) << "the host's own mmap fails, at the " << i << "th";
    mapped.push_back(page);
  }
  void* block = std::malloc(64 << 20);
  EXPECT_NE(block, nullptr) << "the host's own malloc fails";
  std::free(block);
  for (void* page : mapped) munmap(page, kPageSize);

  const Commit first = must(arena.commit());
  EXPECT_EQ(first.pages(), kWritten) << "pages that were opened beside them still hold zeroes";
  for (std::size_t i = 0; i < kWritten; i += 2) at(i) = std::byte{2};
  must(arena.checkout(first));
  for (std::size_t i = 0; i < kWritten; ++i) ASSERT_EQ(at(i), std::byte{1}) << i;
}

// What was opened beside them has been written perhaps: that is no reason to fill the pool with
// what it holds already.
TEST(ArenasByMprotect, RecordWhatChangedThoughManyFaultsHaveOpenedAllPages) {
  constexpr std::size_t kWritten = 8'500;
  Pool pool = must(Pool::create(256_MiB));
  Arena arena = must(Arena::create(pool, 128_MiB, {.tracking = Tracking::mprotect}));
  std::memset(arena.data(), 1, arena.size().value);
  (void)must(arena.commit());
  for (std::size_t i = 0; i < kWritten; ++i) arena.data()[i * 3 * kPageSize] = std::byte{2};
  EXPECT_EQ(must(arena.commit()).pages(), kWritten);
}

// Beyond the first thousands of faults, one opens 64 pages, and beyond the next thousands all.
TEST(ArenasByMprotect, OpenAllPagesUpToThoseThatTheProgramHasMadeItsOwn) {
  Pool pool = must(Pool::create(256_MiB));
  Arena arena = must(Arena::create(pool, 2_GiB, {.tracking = Tracking::mprotect}));
  const auto at = [&](std::size_t page) { return arena.data() + page * kPageSize; };
  ASSERT_EQ(mprotect(at(100), kPageSize, PROT_NONE), 0);  // the commit sees it
  (void)must(arena.commit());
  ASSERT_EQ(mprotect(at(400'000), kPageSize, PROT_NONE), 0);  // and nobody has seen this one
  for (std::size_t i = 0; i < 4'200; ++i) *at(200 + i * 3) = std::byte{2};
  for (std::size_t i = 0; i < 4'200; ++i) *at(13'000 + i * 64) = std::byte{2};
  EXPECT_EQ(protection_at(at(99)), "r--s");
  EXPECT_EQ(protection_at(at(100)), "---s");
  EXPECT_EQ(protection_at(at(101)), "rw-s");
  EXPECT_EQ(protection_at(at(399'999)), "rw-s");
  EXPECT_EQ(protection_at(at(400'000)), "---s");
  EXPECT_EQ(protection_at(at(400'001)), "r--s");
}

TEST(ArenasByMprotect, GoOnWhenTheHostHasUsedUpTheMappings) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs mappings of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(64_MiB));
    Arena arena = must(Arena::create(pool, 64_MiB, {.tracking = Tracking::mprotect}));
    arena.data()[0] = std::byte{1};
    const Commit first = must(arena.commit());
    // One mapping that is cut into as many as the kernel allows.
    constexpr std::size_t kMost = 200'000;
    auto* cut = static_cast<std::byte*>(mmap(nullptr, kMost * kPageSize, PROT_NONE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    std::size_t page = 0;
    while (page < kMost && mprotect(cut + page * kPageSize, kPageSize, PROT_READ) == 0) page += 2;
    if (page >= kMost) return "";  // this machine allows more than a test can use up
    for (std::size_t i = 0; i < 5000; ++i) arena.data()[i * 3 * kPageSize] = std::byte{2};
    const auto second = arena.commit();
    if (!second) return second.error().message();
    for (std::size_t i = 0; i < 5000; ++i) arena.data()[i * 3 * kPageSize] = std::byte{3};
    if (auto done = arena.checkout(*second); !done) return done.error().message();
    for (std::size_t i = 0; i < 5000; ++i) {
      if (arena.data()[i * 3 * kPageSize] != std::byte{2}) return "a write was lost";
    }
    if (auto done = arena.checkout(first); !done) return done.error().message();
    return arena.data()[3 * kPageSize] == std::byte{0} ? "" : "a write was kept";
  }));
}

// MADV_POPULATE_WRITE came with Linux 5.14. Two threads that come to one page at once are one case
// for it.
TEST(ArenasByMprotect, LetASecondThreadGoOnWhereTheKernelCannotProvideMemory) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    const Mapping mapping = must(Mapping::create(16, nullptr));
    const auto tracker = must(make_tracker(Tracking::mprotect, mapping));
    const std::array denied{Denied{SYS_madvise, EINVAL}};
    if (!deny(denied)) return "";
    auto& handler = dynamic_cast<FaultTracker&>(*tracker);
    if (!handler.fault(mapping.native(3))) return "the first is not let through";
    return handler.fault(mapping.native(3)) ? "" : "the second is not let through";
  }));
}

/// Runs `body` as the first process of a new PID namespace, whose number is 1. What it gives, or 2:
/// it cannot be had.
int as_process_1(const std::function<int()>& body) {
  if (unshare(CLONE_NEWPID) != 0) return 2;
  const pid_t child = fork();
  if (child == 0) _exit(getpid() == 1 ? body() : 3);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

TEST(ArenasInNamespaces, AreNotTakenForTheirParentsByAProcessOfTheSameNumber) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    const int status = as_process_1([] {
      Pool pool = must(Pool::create(1_MiB));
      Arena arena = must(Arena::create(pool, 1_MiB));
      arena.data()[0] = std::byte{1};
      const int refused =
          as_process_1([&] { return arena.commit().error().code == Errc::not_permitted ? 0 : 1; });
      if (refused != 0) return refused;
      return must(arena.commit()).pages() == 1 ? 0 : 1;
    });
    return status == 0 || status == 2 ? "" : "status " + std::to_string(status);
  }));
}

// A kernel that takes every request and does nothing.
TEST(ATrial, FindsOutThatNothingIsWatched) {
  for (const Tracking tracking : {Tracking::sigbus, Tracking::mprotect}) {
    EXPECT_TRUE(in_a_child([tracking]() -> std::string {
      const std::array done{Denied{SYS_ioctl, 0}, Denied{SYS_mremap, 0}, Denied{SYS_mprotect, 0}};
      if (!deny(done)) return "";
      errno = ENOMEM;  // of something earlier
      const auto works = try_tracking(tracking);
      if (works) return "it believes in " + std::string(name(tracking));
      return works.error().code == Errc::unsupported ? "" : works.error().message();
    }));
  }
}

TEST(AutomaticArenas, GoByMprotectWhereUserfaultfdIsForbidden) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    const std::array denied{Denied{SYS_userfaultfd, EPERM}};
    if (!deny(denied)) return "";  // no seccomp to forbid it with
    Pool pool = must(Pool::create(1_MiB));
    const Arena arena = must(Arena::create(pool, 1_MiB));
    if (arena.statistics().tracking != Tracking::mprotect) return arena.tracking_reason();
    if (arena.tracking_reason().find("userfaultfd is forbidden") == std::string::npos) {
      return arena.tracking_reason();
    }
    return try_out(Tracking::automatic);
  }));
}

TEST(AutomaticArenas, WorkInAProcessThatHasGivenUpItsPrivileges) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    if (!become_nobody()) return "cannot give up privileges";
    (void)prctl(PR_SET_DUMPABLE, 0);
    return try_out(Tracking::automatic);
  }));
}

TEST(AutomaticArenas, SayWhatIsMissingWhereThereIsNoMemfd) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(1_MiB));
    const std::array denied{Denied{SYS_memfd_create, ENOSYS}};
    if (!deny(denied)) return "";
    const auto arena = Arena::create(pool, 1_MiB);
    if (arena) return "it was made";
    const auto second = Pool::create(1_MiB);
    if (second) return "a pool was made";
    return arena.error().code == Errc::unsupported && second.error().code == Errc::unsupported
               ? ""
               : arena.error().message();
  }));
}

}  // namespace
}  // namespace cleave::detail
