// Programs that change the protection of their arena's memory, or take it away: what they write is
// noticed, or they are told.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "base/kernel_abi.h"
#include "tests/arena/every_tracking.h"
#include "tests/support/failure.h"
#include "tests/support/far_below.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

/// An arena that holds "old" at the start of each of its first pages, committed.
class Protections : public EveryTracking {
 protected:
  void SetUp() override {
    EveryTracking::SetUp();
    if (IsSkipped()) return;
    arena_.emplace(make());
    for (std::size_t page = 0; page < kFilled; ++page) write(*arena_, page * kPageSize, "old");
    old_.emplace(must(arena_->commit()));
  }

  static constexpr std::size_t kFilled = 200;

  [[nodiscard]] std::byte* at(std::size_t page) const { return arena_->data() + page * kPageSize; }
  void protect(std::size_t page, int protection, std::size_t pages = 1) {
    (void)mprotect(at(page), pages * kPageSize, protection);
  }
  // Where only the program's word counts, it is given: everything else is to be noticed.
  void write_new(std::size_t page) { write(*arena_, page * kPageSize, "new"); }
  [[nodiscard]] std::string text(std::size_t page) const {
    return text_at(*arena_, page * kPageSize, 3);
  }

  [[nodiscard]] testing::AssertionResult comes_back(std::size_t page) {
    if (auto done = arena_->checkout(*old_); !done) return holds(done);
    if (mprotect(at(page), kPageSize, PROT_READ) != 0) return testing::AssertionFailure() << errno;
    if (text(page) == "old") return testing::AssertionSuccess();
    return testing::AssertionFailure() << "it holds " << text(page);
  }
  [[nodiscard]] Address address(std::size_t page) const {
    return Address{reinterpret_cast<std::uintptr_t>(at(page))};
  }
  /// Every call that looks at the memory says so, once and again.
  void expect_refusals(Errc code, std::size_t page) {
    for (int round = 0; round < 2; ++round) {
      EXPECT_TRUE(fails_at(arena_->commit(), code, address(page)));
      EXPECT_TRUE(fails_at(arena_->checkout(*old_), code, address(page)));
      EXPECT_TRUE(fails_at(arena_->revert(), code, address(page)));
      EXPECT_TRUE(
          fails_at(arena_->changes([](std::span<const std::byte>) {}), code, address(page)));
      EXPECT_TRUE(fails_at(arena_->hold(at(100), kPageSize), code, address(page)));
    }
    EXPECT_EQ(arena_->head(), *old_);
    const std::array<char, 4> kept =
        must(old_->snapshot().load<std::array<char, 4>>(address(page)));
    EXPECT_STREQ(kept.data(), "old") << "commits can still be read";
  }

  std::optional<Arena> arena_;
  std::optional<Commit> old_;
};

TEST_P(Protections, AWriteAfterTheProgramClosedAndOpenedAPageIsNoticed) {
  protect(3, PROT_READ);
  protect(3, kReadWrite);
  write_new(3);
  EXPECT_TRUE(comes_back(3));
}

TEST_P(Protections, AWriteBetweenOpeningAndClosingIsNoticed) {
  for (const int closed : {PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC}) {
    protect(3, kReadWrite);
    write_new(3);
    protect(3, closed);
    EXPECT_TRUE(comes_back(3)) << closed;
  }
}

TEST_P(Protections, WritesToPartOfAProtectedRangeAreNoticed) {
  protect(10, PROT_READ, 64);
  protect(20, kReadWrite, 30);
  for (std::size_t page = 20; page < 50; ++page) write_new(page);
  for (std::size_t page = 20; page < 50; ++page) ASSERT_TRUE(comes_back(page)) << page;
}

TEST_P(Protections, WritesAreNoticedWhenTheProgramOpensEverything) {
  (void)mprotect(arena_->data(), arena_->size().value, kReadWrite);
  for (std::size_t page = 0; page < kFilled; ++page) write_new(page);
  for (std::size_t page = 0; page < kFilled; ++page) ASSERT_TRUE(comes_back(page)) << page;
}

TEST_P(Protections, ProtectingMoreThanTheArenaHidesNothing) {
  constexpr std::size_t kSize = 64 * kPageSize;
  auto* room = static_cast<std::byte*>(
      mmap(far_below(), kSize + 2 * kPageSize, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(munmap(room + kPageSize, kSize), 0);
  Arena between =
      must(Arena::create(pool_, kSize, {.at = room + kPageSize, .tracking = GetParam()}));
  write(between, 0, "old");
  write(between, kSize - kPageSize, "old");
  const Commit old = must(between.commit());
  (void)mprotect(room, kSize + 2 * kPageSize, PROT_READ);
  (void)mprotect(room, kSize + 2 * kPageSize, kReadWrite);
  (void)mprotect(room + kSize, 2 * kPageSize, kReadWrite);
  write(between, 0, "new");
  write(between, kSize - kPageSize, "new");
  must(between.checkout(old));
  EXPECT_EQ(text_at(between, 0, 3), "old");
  EXPECT_EQ(text_at(between, kSize - kPageSize, 3), "old");
  (void)munmap(room, kPageSize);
  (void)munmap(room + kPageSize + kSize, kPageSize);
}

/// Code of a function that returns a number below 128; none: nobody knows how.
std::string that_returns([[maybe_unused]] int n) {
#if defined(__x86_64__)
  return {'\xb8', static_cast<char>(n), 0, 0, 0, '\xc3'};  // mov eax, n; ret
#elif defined(__aarch64__)
  const std::array<std::uint32_t, 2> code{0x52800000U | static_cast<std::uint32_t>(n) << 5,
                                          0xd65f03c0U};  // mov w0, #n; ret
  return {reinterpret_cast<const char*>(code.data()), sizeof code};
#else
  return {};
#endif
}

TEST_P(Protections, ExecutablePagesStayExecutableAndTheirChangesAreNoticed) {
  if (mprotect(at(5), kPageSize, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    arena_->mark_dirty(at(5), kPageSize);  // as the documents say for closed pages
    ASSERT_EQ(mprotect(at(5), kPageSize, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
  }
  // As after every change of code: the processor may still have what was there.
  const auto run = [&] {
    __builtin___clear_cache(reinterpret_cast<char*>(at(5)), reinterpret_cast<char*>(at(5)) + 8);
    return reinterpret_cast<int (*)()>(at(5))();
  };
  if (that_returns(1).empty()) GTEST_SKIP() << "no words of this processor are known here";
  const auto compile = [&](int n) { write(*arena_, 5 * kPageSize, that_returns(n)); };
  compile(1);
  const Commit one = must(arena_->commit());
  EXPECT_EQ(run(), 1);
  compile(2);
  EXPECT_EQ(run(), 2);
  const Commit two = must(arena_->commit());
  must(arena_->checkout(one));
  EXPECT_EQ(run(), 1);
  must(arena_->checkout(two));
  EXPECT_EQ(run(), 2);
}

TEST_P(Protections, CodeThatIsWrittenAndThenMadeExecutableIsCommitted) {
  arena_->mark_dirty(at(5), kPageSize);
  ASSERT_EQ(mprotect(at(5), kPageSize, PROT_READ | PROT_EXEC), 0);
  (void)must(arena_->commit());
  for (int round = 0; round < 3; ++round) {
    const Commit before = must(arena_->commit());
    ASSERT_EQ(mprotect(at(5), kPageSize, kReadWrite), 0) << round;
    write_new(5);
    ASSERT_EQ(mprotect(at(5), kPageSize, PROT_READ | PROT_EXEC), 0);
    EXPECT_EQ(must(arena_->commit()).pages(), 1u);
    must(arena_->checkout(before));
    EXPECT_EQ(text(5), "old");
  }
}

TEST_P(Protections, AGuardPageStaysOneAcrossCommitsAndCheckouts) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  EXPECT_EXIT(
      {
        Pool pool = must(Pool::create(16_MiB));
        Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = GetParam()}));
        write(arena, 7 * kPageSize, "old");
        const Commit before = must(arena.commit());
        if (mprotect(arena.data() + 7 * kPageSize, kPageSize, PROT_NONE) != 0) std::exit(1);
        write(arena, 8 * kPageSize, "new");
        (void)must(arena.commit());
        must(arena.checkout(before));
        *reinterpret_cast<volatile std::byte*>(arena.data() + 7 * kPageSize) = std::byte{1};
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST_P(Protections, AGuardPageThatIsTakenAwayAfterACommitCanBeWritten) {
  protect(7, PROT_NONE);
  (void)must(arena_->commit());
  ASSERT_EQ(mprotect(at(7), kPageSize, kReadWrite), 0);
  write_new(7);
  EXPECT_TRUE(comes_back(7));
}

TEST_P(Protections, ACheckoutRestoresWhatLiesBehindAGuardPage) {
  write_new(7);
  protect(7, PROT_NONE);
  const Commit fresh = must(arena_->commit());
  must(arena_->checkout(*old_));
  EXPECT_TRUE(comes_back(7));
  must(arena_->checkout(fresh));
  EXPECT_EQ(text(7), "new");
}

TEST_P(Protections, ReadOnlyPagesCanBeCommittedAndCheckedOut) {
  write_new(4);
  protect(0, PROT_READ, kFilled);
  const Commit fresh = must(arena_->commit());
  EXPECT_EQ(fresh.pages(), 1u);
  must(arena_->checkout(*old_));
  EXPECT_EQ(text(4), "old");
  must(arena_->checkout(fresh));
  EXPECT_EQ(text(4), "new");
}

TEST_P(Protections, ManyProtectionsAreLookedAtOneByOne) {
  for (std::size_t page = 0; page < kFilled; page += 2) protect(page, PROT_NONE);
  for (std::size_t page = 1; page < kFilled; page += 2) write_new(page);
  must(arena_->checkout(*old_));
  for (std::size_t page = 1; page < kFilled; page += 2) ASSERT_EQ(text(page), "old") << page;
}

// What is not the arena's memory any more is not written to, and not taken for it.
TEST_P(Protections, ThatAPartWasUnmappedIsSaid) {
  ASSERT_EQ(munmap(at(3), 2 * kPageSize), 0);
  expect_refusals(Errc::not_mapped, 3);
}

TEST_P(Protections, ThatTheLastPageWasUnmappedIsSaid) {
  const std::size_t last = arena_->size().value / kPageSize - 1;
  ASSERT_EQ(munmap(at(last), kPageSize), 0);
  EXPECT_TRUE(fails_at(arena_->commit(), Errc::not_mapped, address(last)));
}

TEST_P(Protections, ThatOtherMemoryCoversAPartIsSaid) {
  ASSERT_NE(mmap(at(3), kPageSize, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
            MAP_FAILED);
  expect_refusals(Errc::already_mapped, 3);
}

TEST_P(Protections, ThatAFileCoversAPartIsSaid) {
  const int file = memfd_create("other", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(file, static_cast<off_t>(8 * kPageSize)), 0);
  for (const int kind : {MAP_SHARED, MAP_PRIVATE}) {
    ASSERT_NE(mmap(at(3), kPageSize, kReadWrite, kind | MAP_FIXED, file,
                   static_cast<off_t>(3 * kPageSize)),
              MAP_FAILED);
    expect_refusals(Errc::already_mapped, 3);
  }
  close(file);
}

TEST_P(Protections, ThatAPageWasMovedAwayIsSaid) {
  void* elsewhere = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_EQ(mremap(at(3), kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere),
            elsewhere);
  expect_refusals(Errc::not_mapped, 3);
  munmap(elsewhere, kPageSize);
}

TEST_P(Protections, ThatAPageTookThePlaceOfAnotherIsSaid) {
  ASSERT_EQ(mremap(at(9), kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, at(3)), at(3));
  expect_refusals(Errc::already_mapped, 3);
}

TEST_P(Protections, WritesAreNoticedThoughThePageWasMovedAwayAndBack) {
  for (const std::size_t page : {std::size_t{3}, kFilled - 1}) {
    void* elsewhere = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_EQ(mremap(at(page), kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere),
              elsewhere);
    ASSERT_EQ(mremap(elsewhere, kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, at(page)),
              at(page));
    for (int round = 0; round < 2; ++round) {  // and once more, when it is watched again
      write_new(page);
      must(arena_->checkout(*old_));
      EXPECT_EQ(text(page), "old");
    }
  }
}

TEST_P(Protections, AWriteToAnUntouchedPageThatWasMovedAwayAndBackIsNoticed) {
  constexpr std::size_t kUntouched = 250;
  void* elsewhere = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::byte* const there = at(kUntouched);
  ASSERT_EQ(mremap(there, kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere),
            elsewhere);
  ASSERT_EQ(mremap(elsewhere, kPageSize, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, there), there);
  write_new(kUntouched);
  must(arena_->checkout(*old_));
  EXPECT_EQ(text(kUntouched), std::string(3, '\0'));
}

// Advice that the kernel may take or refuse, and that must hide no write.
TEST_P(Protections, NoAdviceHidesAWrite) {
  constexpr std::array kAdvice = {MADV_NORMAL,
                                  MADV_RANDOM,
                                  MADV_SEQUENTIAL,
                                  MADV_WILLNEED,
                                  MADV_DONTNEED,
                                  MADV_FREE,
                                  MADV_DONTFORK,
                                  MADV_DOFORK,
                                  MADV_MERGEABLE,
                                  MADV_HUGEPAGE,
                                  MADV_DONTDUMP,
                                  MADV_DODUMP,
                                  MADV_COLD,
                                  MADV_WIPEONFORK,
                                  MADV_KEEPONFORK,
                                  MADV_PAGEOUT,
                                  MADV_NOHUGEPAGE,
                                  22 /* MADV_POPULATE_READ */,
                                  MADV_POPULATE_WRITE,
                                  24 /* MADV_DONTNEED_LOCKED */,
                                  25 /* MADV_COLLAPSE */};
  for (const int advice : kAdvice) {
    write_new(2);
    (void)madvise(at(0), 32 * kPageSize, advice);
    write_new(3);
    must(arena_->checkout(*old_));
    EXPECT_EQ(text(2), "old") << advice;
    EXPECT_EQ(text(3), "old") << advice;
    (void)madvise(at(0), 32 * kPageSize, MADV_DONTFORK);
  }
}

TEST_P(Protections, LockedMemoryCommitsAndChecksOut) {
  if (mlock(at(0), 16 * kPageSize) != 0) GTEST_SKIP() << "mlock: " << std::strerror(errno);
  for (int round = 0; round < 2; ++round) {
    write_new(2);
    const Commit fresh = must(arena_->commit());
    must(arena_->checkout(*old_));
    EXPECT_EQ(text(2), "old");
    (void)munlock(at(0), 16 * kPageSize);
  }
}

TEST_P(Protections, AWriteBySomeoneElsesHandIsNoticedOrRefused) {
  char text_of_it[] = "new";
  iovec from{text_of_it, 3};
  iovec to{at(3), 3};
  const ssize_t written = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
  const int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  const ssize_t poked = pwrite(memory, text_of_it, 3, reinterpret_cast<off_t>(at(4)));
  close(memory);
  if (!tracker_kind(GetParam()).notices) arena_->mark_dirty(at(3), 2 * kPageSize);
  if (written > 0) {
    EXPECT_EQ(text(3), "new");
  }
  if (poked > 0) {
    EXPECT_EQ(text(4), "new");
  }
  must(arena_->checkout(*old_));
  EXPECT_EQ(text(3), "old");
  EXPECT_EQ(text(4), "old");
}

INSTANTIATE_TEST_SUITE_P(By, Protections, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
