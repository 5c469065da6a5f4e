// Changes that no tracking sees: the debugging option finds them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/kernel_abi.h"
#include "tests/arena/every_tracking.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Unseen : public EveryTracking {
 protected:
  void SetUp() override {
    EveryTracking::SetUp();
    if (IsSkipped()) return;
    arena_.emplace(
        must(Arena::create(pool_, 1_MiB, {.tracking = GetParam(), .catch_unseen = true})));
    for (std::size_t page = 0; page < 8; ++page) write(*arena_, page * kPageSize, "old");
    old_.emplace(must(arena_->commit()));
  }
  [[nodiscard]] std::byte* at(std::size_t page) const { return arena_->data() + page * kPageSize; }

  /// Either the kernel refused the change, or it is found, once; and it is undone.
  void expect_it_found(std::size_t page) {
    if (text_at(*arena_, page * kPageSize, 3) != "old") {
      EXPECT_TRUE(fails_at(arena_->commit(), Errc::not_permitted,
                           Address{reinterpret_cast<std::uintptr_t>(at(page))}));
    }
    must(arena_->checkout(*old_));
    EXPECT_EQ(text_at(*arena_, page * kPageSize, 3), "old");
  }

  std::optional<Arena> arena_;
  std::optional<Commit> old_;
};

TEST_P(Unseen, MemoryGivenBackWithoutAWordIsFound) {
  (void)madvise(at(3), kPageSize, MADV_REMOVE);
  expect_it_found(3);
}

TEST_P(Unseen, WritesThroughASecondMappingAreFound) {
  void* second = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_EQ(mremap(at(3), 0, kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, second), second);
  if (mprotect(second, kPageSize, PROT_READ | PROT_WRITE) == 0) std::memcpy(second, "new", 3);
  expect_it_found(3);
  munmap(second, kPageSize);
}

// The memory is not in children, unless the program asks the kernel for it.
TEST_P(Unseen, WritesOfAChildThatWasGivenTheMemoryAreFound) {
  (void)madvise(arena_->data(), arena_->memory().size(), MADV_DOFORK);
  const pid_t child = fork();
  if (child == 0) {
    (void)std::signal(SIGSEGV, SIG_DFL);
    (void)std::signal(SIGBUS, SIG_DFL);
    const rlimit none{0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);  // Its end is expected; no file is to be left of it.
    std::memcpy(at(3), "new", 3);
    _exit(0);
  }
  (void)waitpid(child, nullptr, 0);
  expect_it_found(3);
}

TEST_P(Unseen, WritesToWhatAMoveLeftBehindAreFound) {
  void* second = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  constexpr int kLeave = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
  ASSERT_EQ(mremap(at(3), kPageSize, kPageSize, kLeave, second), second);
  munmap(second, kPageSize);
  std::memcpy(at(3), "new", 3);
  // Where tracking sees it, there is nothing to find.
  if (const auto done = arena_->checkout(*old_); !done) {
    EXPECT_TRUE(
        fails_at(done, Errc::not_permitted, Address{reinterpret_cast<std::uintptr_t>(at(3))}));
    must(arena_->checkout(*old_));
  }
  EXPECT_EQ(text_at(*arena_, 3 * kPageSize, 3), "old");
}

TEST_P(Unseen, WhatWasSeenIsNoError) {
  for (int round = 0; round < 3; ++round) {
    write(*arena_, 3 * kPageSize, "new");
    write(*arena_, 100 * kPageSize, "new");
    const Commit fresh = must(arena_->commit());
    must(arena_->checkout(*old_));
    must(arena_->checkout(fresh));
    must(arena_->checkout(*old_));
  }
}

INSTANTIATE_TEST_SUITE_P(By, Unseen, every_tracking(), name_of_tracking);

TEST(UnseenBySoftwareTracking, AWriteThatNobodyToldOfIsFound) {
  Pool pool = must(Pool::create(16_MiB));
  Arena arena =
      must(Arena::create(pool, 1_MiB, {.tracking = Tracking::software, .catch_unseen = true}));
  arena.data()[5 * kPageSize] = std::byte{1};
  EXPECT_TRUE(fails_at(arena.commit(), Errc::not_permitted,
                       Address{reinterpret_cast<std::uintptr_t>(arena.data() + 5 * kPageSize)}));
  EXPECT_EQ(must(arena.commit()).pages(), 1u) << "it counts from now on";
}

// The descriptor of the memory can be found in /proc: the size stays what it is.
TEST(TheFileOfAnArena, CannotBeCutOff) {
  Pool pool = must(Pool::create(16_MiB));
  Arena arena = must(Arena::create(pool, 1_MiB));
  arena.data()[0] = std::byte{1};
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code none;
    if (std::filesystem::read_symlink(entry.path(), none).string().find("cleave arena") ==
        std::string::npos) {
      continue;
    }
    const int file = open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) continue;
    EXPECT_NE(ftruncate(file, 0), 0);
    close(file);
  }
  EXPECT_EQ(arena.data()[0], std::byte{1});
}

}  // namespace
}  // namespace cleave::detail
