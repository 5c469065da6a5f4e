// A pool whose pages go to a backing of this library and come back.
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>
#include <cleave/pool.h>
#include <cleave/space.h>

#include "tests/backing/behind.h"
#include "tests/backing/pages.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

constexpr std::uint64_t kPages = 2048;
constexpr ByteCount kLittle = 2_MiB;  // a quarter of that

// A third of it random, so that it compresses.
std::span<const std::byte> content(Pages& page, std::uint64_t seed) {
  page.fill_loosely(0, seed);
  return {page[0], kPageSize};
}

class PoolWithABacking : public testing::Test {
 protected:
  void play(std::unique_ptr<Backing> backing) {
    Pool pool = must(Pool::create(kLittle, std::move(backing)));
    Space space = must(Space::create(pool));
    base_ = must(space.map(kPages * kPageSize));
    Pages page(1);
    std::vector<std::uint64_t> seeds(kPages);
    for (std::uint64_t n = 0; n < kPages; ++n) {
      seeds[n] = n;
      ASSERT_TRUE(holds(space.write(at(n), content(page, n))));
    }
    const Space before = must(space.fork());
    std::mt19937_64 random(1);
    for (int step = 0; step < rounds(2000); ++step) {
      const std::uint64_t n = random() % kPages;
      if (step % 3 == 0) {
        seeds[n] = random();
        ASSERT_TRUE(holds(space.write(at(n), content(page, seeds[n]))));
      } else {
        expect_page(space, n, seeds[n]);
      }
    }
    for (std::uint64_t n = 0; n < kPages; ++n) expect_page(before, n, n);
    for (std::uint64_t n = 0; n < kPages; ++n) expect_page(space, n, seeds[n]);
    EXPECT_GT(pool.statistics().went, kPages / 2);
    EXPECT_GT(pool.statistics().came, kPages / 2);
  }

  [[nodiscard]] Address at(std::uint64_t n) const { return base_ + n * kPageSize; }
  void expect_page(const Space& space, std::uint64_t n, std::uint64_t seed) {
    Pages expected(1);
    Pages seen(1);
    ASSERT_TRUE(holds(space.read(at(n), {seen[0], kPageSize})));
    ASSERT_EQ(std::memcmp(seen[0], content(expected, seed).data(), kPageSize), 0) << n;
  }

  Address base_{};
};

TEST_F(PoolWithABacking, LosesNoByteToASwapFile) { play(must(swap_file({.bytes = 64_MiB}))); }

TEST_F(PoolWithABacking, LosesNoByteToCompressedMemory) {
  play(must(compressed({.bytes = 32_MiB})));
}

TEST_F(PoolWithABacking, LosesNoByteToCompressedMemoryBeforeASwapFile) {
  play(must(compressed({.bytes = 2_MiB, .next = must(swap_file({.bytes = 64_MiB}))})));
}

TEST_F(PoolWithABacking, FailsWhereTheFileHasVanishedAndNowhereElse) {
  const TemporaryFolder folder;
  Pool pool =
      must(Pool::create(kLittle, must(swap_file({.bytes = 64_MiB, .directory = folder.file("")}))));
  Space space = must(Space::create(pool));
  base_ = must(space.map(kPages * kPageSize));
  Pages page(1);
  for (std::uint64_t n = 0; n < kPages; ++n) {
    ASSERT_TRUE(holds(space.write(at(n), content(page, n))));
  }
  const int behind = open_behind(folder.file(""));
  ASSERT_EQ(ftruncate(behind, 0), 0);
  std::uint64_t failed = 0;
  for (std::uint64_t n = 0; n < kPages; ++n) {
    const auto read = space.read(at(n), {page[0], kPageSize});
    if (read) {
      expect_page(space, n, n);
    } else {
      ASSERT_TRUE(fails_with(read, Errc::io));
      ASSERT_TRUE(fails_with(space.read(at(n), {page[0], kPageSize}), Errc::io));
      ++failed;
    }
  }
  EXPECT_GE(failed, kPages / 2);
  EXPECT_LT(failed, kPages);
  (void)close(behind);
}

}  // namespace
}  // namespace cleave::detail
