// Memory that exists becomes an arena's: it holds what it did, where it did, with its protections;
// and is the program's own again when the arena ends.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "sync/memory.h"
#include "tests/arena/every_tracking.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

using namespace literals;

constexpr int kReadAndWrite = PROT_READ | PROT_WRITE;
constexpr std::size_t kTaken = 64;

/// Private memory as a program has it: pages that were written, pages that were not, a guard page,
/// one that is read-only and one that is executable. "old" stands in pages 0, 5, 20, 30 and 40.
class Block {
 public:
  Block()
      : memory_(static_cast<std::byte*>(mmap(nullptr, kTaken * kPageSize, kReadAndWrite,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
                kTaken * kPageSize) {
    for (const std::size_t page : {0, 5, 20, 30, 40}) std::memcpy(at(page), "old", 3);
    (void)mprotect(at(20), kPageSize, PROT_NONE);
    (void)mprotect(at(30), kPageSize, PROT_READ);
    (void)mprotect(at(40), kPageSize, kReadAndWrite | PROT_EXEC);
  }
  ~Block() { (void)munmap(memory_.data(), memory_.size()); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  [[nodiscard]] std::byte* at(std::size_t page) const { return &memory_[page * kPageSize]; }
  [[nodiscard]] std::string text(std::size_t page) const {
    return {reinterpret_cast<const char*>(at(page)), 3};
  }

 private:
  std::span<std::byte> memory_;
};

/// As in "rwxp", from the kernel.
std::string protection_of(const std::byte* at) {
  std::string found = "none";
  const auto kernel = must(KernelMappings::open());
  must(kernel.for_each({at, 1}, [&](const KernelMapping& mapping) -> Result<void> {
    found = {(mapping.protection & PROT_READ) != 0 ? 'r' : '-',
             (mapping.protection & PROT_WRITE) != 0 ? 'w' : '-',
             (mapping.protection & PROT_EXEC) != 0 ? 'x' : '-', mapping.shared ? 's' : 'p'};
    return {};
  }));
  return found;
}

std::string protections_of(const Block& block) {
  std::string all;
  for (const std::size_t page : {0, 5, 20, 30, 40, 63}) all += protection_of(block.at(page)) + ' ';
  return all;
}

class TakenOver : public EveryTracking {
 protected:
  Arena take_over(const Block& block) {
    return must(Arena::take_over(pool_, block.memory(), {.tracking = GetParam()}));
  }
  static void write(Arena& arena, const Block& block, std::size_t page, const char* text) {
    EveryTracking::write(arena, static_cast<std::size_t>(block.at(page) - arena.data()), text);
  }
};
INSTANTIATE_TEST_SUITE_P(By, TakenOver, every_tracking(), name_of_tracking);

TEST_P(TakenOver, MemoryHoldsWhatItDidWhereItDid) {
  const Block block;
  const Arena arena = take_over(block);
  EXPECT_EQ(arena.data(), block.memory().data());
  EXPECT_EQ(arena.size(), block.memory().size());
  for (const std::size_t page : {0, 5, 30, 40}) EXPECT_EQ(block.text(page), "old");
  ASSERT_EQ(mprotect(block.at(20), kPageSize, PROT_READ), 0);
  EXPECT_EQ(block.text(20), "old") << "in what could not be read";
  EXPECT_EQ(*block.at(63), std::byte{0});
}

TEST_P(TakenOver, MemoryGoesBackToWhatItHeldBeforeThereWasAnArena) {
  const Block block;
  Arena arena = take_over(block);
  const Commit first = arena.head();
  EXPECT_EQ(first.number(), 0u);
  write(arena, block, 5, "new");
  write(arena, block, 40, "new");
  write(arena, block, 63, "new");
  const Commit second = must(arena.commit());
  write(arena, block, 0, "odd");
  must(arena.checkout(first));
  EXPECT_EQ(block.text(0), "old");
  EXPECT_EQ(block.text(5), "old");
  EXPECT_EQ(block.text(40), "old");
  EXPECT_EQ(*block.at(63), std::byte{0});
  must(arena.checkout(second));
  EXPECT_EQ(block.text(5), "new");
  EXPECT_EQ(block.text(40), "new");
  EXPECT_EQ(block.text(63), "new");
}

TEST_P(TakenOver, ProtectionsStayPageByPage) {
  const Block block;
  ASSERT_EQ(protections_of(block), "rw-p rw-p ---p r--p rwxp rw-p ");
  Arena arena = take_over(block);
  const std::string closed = GetParam() == Tracking::mprotect ? "r--s " : "rw-s ";
  EXPECT_EQ(protections_of(block), closed + closed + "---s r--s rwxs " + closed);
  must(arena.commit());
  must(arena.revert());
  EXPECT_EQ(protections_of(block), closed + closed + "---s r--s rwxs " + closed);
}

TEST_P(TakenOver, CodeRunsAndMayBeReplaced) {
#ifdef __x86_64__
  const Block block;
  const auto give = [&](unsigned char number) {
    const std::array<unsigned char, 6> code{0xb8, number, 0, 0, 0, 0xc3};  // mov eax, number; ret
    std::memcpy(block.at(40), code.data(), code.size());
  };
  const auto run = [&] { return reinterpret_cast<int (*)()>(block.at(40))(); };
  give(1);
  Arena arena = take_over(block);
  EXPECT_EQ(run(), 1);
  arena.mark_dirty(block.at(40), 6);
  give(2);
  EXPECT_EQ(run(), 2);
  must(arena.revert());
  EXPECT_EQ(run(), 1);
#else
  GTEST_SKIP() << "the code is of another processor";
#endif
}

TEST_P(TakenOver, MemoryIsTheProgramsOwnAgainWhenTheArenaEnds) {
  const Block block;
  {
    Arena arena = take_over(block);
    write(arena, block, 5, "new");
    must(arena.commit());
    write(arena, block, 0, "odd");
  }
  EXPECT_EQ(block.text(0), "odd");
  EXPECT_EQ(block.text(5), "new");
  const std::string read_only = GetParam() == Tracking::mprotect ? "rw-p " : "r--p ";
  EXPECT_EQ(protections_of(block), "rw-p rw-p ---p " + read_only + "rwxp rw-p ");
  const pid_t child = fork();
  if (child == 0) {
    std::memcpy(block.at(5), "odd", 3);
    _exit(block.text(0) == "odd" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "a child does not have it";
  EXPECT_EQ(block.text(5), "new") << "a child shares it";
  const Arena again = take_over(block);
  EXPECT_EQ(block.text(5), "new");
}

TEST_P(TakenOver, MemoryOutlivesTheArenaInItsCommits) {
  const Block block;
  std::optional<Commit> first;
  first = take_over(block).head();
  std::array<std::byte, 3> got{};
  must(first->snapshot().read(Address{reinterpret_cast<std::uintptr_t>(block.at(5))}, got));
  EXPECT_EQ(std::memcmp(got.data(), "old", 3), 0);
}

TEST_P(TakenOver, MemoryIsLeftAsItWasWhenAnAllocationFails) {
  const Block block;
  const std::string before = protections_of(block);
  for (std::uint64_t k = 1;; ++k) {
    ASSERT_LT(k, 1000u) << "it never succeeds";
    sync::fail_allocation(k);
    auto made = Arena::take_over(pool_, block.memory(), {.tracking = GetParam()});
    const bool struck = sync::allocation_failed();
    sync::fail_allocation(0);
    if (made) break;
    ASSERT_TRUE(struck) << made.error().message();
    ASSERT_EQ(made.error().code, Errc::no_memory);
    // Read-only pages that were watched by their protection are writable afterwards.
    if (GetParam() != Tracking::mprotect) {
      ASSERT_EQ(protections_of(block), before) << k;
    }
    ASSERT_EQ(block.text(5), "old") << k;
    ASSERT_EQ(pool_.statistics().spaces, 0u) << k;
  }
}

TEST(TakingOver, UntouchedZeroesStayUntouched) {
  constexpr std::size_t kSize = std::size_t{1} << 30;
  auto* huge = static_cast<std::byte*>(
      mmap(nullptr, kSize, kReadAndWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  std::memcpy(huge + kSize / 2, "here", 4);
  std::memset(huge + kSize / 4, 0, kPageSize);  // touched, and zeroes
  Pool pool = must(Pool::create(1_MiB));
  const Arena arena = must(Arena::take_over(pool, {huge, kSize}, {.tracking = Tracking::software}));
  EXPECT_EQ(arena.head().pages(), 1u);
  EXPECT_EQ(std::memcmp(huge + kSize / 2, "here", 4), 0);
}

TEST(TakingOver, WritersAreCaughtAndProtectionsStay) {
  const Block block;
  Pool pool = must(Pool::create(1_MiB));
  Arena arena = must(Arena::take_over(pool, block.memory(),
                                      {.tracking = Tracking::software, .catch_writers = true}));
  must(arena.commit());
  must(arena.revert());
  EXPECT_EQ(protections_of(block), "rw-s rw-s ---s r--s rwxs rw-s ");
}

class TakingOverIsRefused : public testing::Test {
 protected:
  [[nodiscard]] auto take(std::span<std::byte> memory) {
    return Arena::take_over(pool_, memory, {.tracking = Tracking::software});
  }
  static Address address(const std::byte* at) {
    return Address{reinterpret_cast<std::uintptr_t>(at)};
  }
  Pool pool_ = must(Pool::create(1_MiB));
  Block block_;
};

TEST_F(TakingOverIsRefused, OfNoMemoryAndOfPartsOfPages) {
  EXPECT_EQ(take({}).error().code, Errc::bad_argument);
  EXPECT_EQ(take(block_.memory().subspan(1, kPageSize)).error().code, Errc::bad_argument);
  EXPECT_EQ(take(block_.memory().first(100)).error().code, Errc::bad_argument);
}

TEST_F(TakingOverIsRefused, OfAGap) {
  ASSERT_EQ(munmap(block_.at(10), kPageSize), 0);
  EXPECT_TRUE(fails_at(take(block_.memory()), Errc::not_mapped, address(block_.at(10))));
  EXPECT_EQ(block_.text(0), "old");
  EXPECT_EQ(protection_of(block_.at(0)), "rw-p");
}

TEST_F(TakingOverIsRefused, OfSharedMemoryAndOfAnArena) {
  ASSERT_NE(
      mmap(block_.at(10), kPageSize, kReadAndWrite, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
      MAP_FAILED);
  EXPECT_TRUE(fails_at(take(block_.memory()), Errc::bad_argument, address(block_.at(10))));
  const auto rest = block_.memory().subspan(11 * kPageSize);
  const Arena arena = must(take(rest));
  EXPECT_TRUE(fails_at(take(rest), Errc::bad_argument, address(rest.data())));
}

TEST_F(TakingOverIsRefused, OfTheStackThatItRunsOn) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) / kPageSize;
  auto* from = reinterpret_cast<std::byte*>((here - 2) * kPageSize);
  EXPECT_EQ(take({from, 4 * kPageSize}).error().code, Errc::bad_argument);
}

}  // namespace
}  // namespace cleave::detail
