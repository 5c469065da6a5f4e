// Memory that the kernel remembers, and memory that goes back to it.
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/io/on_a_ring.h"

namespace cleave::detail {
namespace {

class Registered : public OnARing {
 protected:
  void SetUp() override {
    OnARing::SetUp();
    if (IsSkipped()) return;
    must(pool.reserve(64 * kMiB));
  }
  /// A space that has read `contents`, and shows them.
  Space read(const Bytes& contents, PageCache cache = PageCache::bypass) {
    const ScratchFile file(contents);
    const File open = file.open(OpenMode::read, cache);
    Space space = new_space(8 * kMiB / kPageSize);
    EXPECT_TRUE(holds(read_file(*ring, space, at_page(16), open.descriptor(), 0, contents.size())));
    EXPECT_TRUE(bytes_in(space, at_page(16), contents.size()) == contents);
    return space;
  }
  bool can_register() {
    (void)read(patterned(4 * kMiB, 0));
    return ring->registered() != 0;
  }
};

TEST_F(Registered, MemoryIsRegisteredAsItIsUsed) {
  EXPECT_EQ(ring->registered(), 0u);
  if (!can_register()) GTEST_SKIP() << "RLIMIT_MEMLOCK or the kernel allows no registered memory";
  EXPECT_GE(ring->registered(), 2 * kMiB);
  EXPECT_LE(ring->registered(), 8 * kMiB);
}

TEST_F(Registered, NothingIsRegisteredUnlessItIsWanted) {
  RingOptions options;
  options.registered = false;
  with(options);
  (void)read(patterned(4 * kMiB, 1));
  EXPECT_EQ(ring->registered(), 0u);
}

// Punched and resident again, a frame has a new page, and the kernel would go on with the old one.
TEST_F(Registered, WhatIsReadAfterATrimIsWhereTheSpaceLooks) {
  if (!can_register()) GTEST_SKIP() << "RLIMIT_MEMLOCK or the kernel allows no registered memory";
  // So small that every round has the frames of the one before.
  Pool small = must(Pool::create(8 * kMiB));
  must(small.reserve(8 * kMiB));
  Ring own = must(Ring::create(small));
  for (unsigned seed = 1; seed < 6; ++seed) {
    const Bytes contents = patterned(7 * kMiB, seed);
    const ScratchFile file(contents);
    const File from = file.open(OpenMode::read, PageCache::bypass);
    const ScratchFile copy;
    const File to = copy.open(OpenMode::write, PageCache::bypass);
    {
      Space space = must(Space::create(small));
      must(space.map_at(at_page(16), 7 * kMiB));
      ASSERT_TRUE(holds(read_file(own, space, at_page(16), from.descriptor(), 0, 7 * kMiB)));
      EXPECT_TRUE(bytes_in(space, at_page(16), contents.size()) == contents);
      ASSERT_TRUE(holds(write_file(own, space, at_page(16), to.descriptor(), 0, 7 * kMiB)));
      EXPECT_TRUE(copy.contents() == contents);
    }
    EXPECT_NE(own.registered(), 0u);
    must(small.trim());
  }
}

TEST_F(Registered, TrimGivesBackTheRestAndWithTheRingAll) {
  if (!can_register()) GTEST_SKIP() << "RLIMIT_MEMLOCK or the kernel allows no registered memory";
  (void)read(patterned(6 * kMiB, 1));
  const ByteCount kept = ring->registered();
  PoolStatistics s = pool.statistics();
  ASSERT_EQ(s.used, 0u);
  const std::uint64_t free = s.free;
  must(pool.trim());
  s = pool.statistics();
  EXPECT_LE(s.free * kPageSize, kept.value);
  EXPECT_GE(s.free, std::min(free, kept.value / kPageSize));
  ring.reset();
  must(pool.trim());
  EXPECT_EQ(pool.statistics().free, 0u);
}

TEST_F(Registered, KeepsWhatAnotherRingRegistered) {
  if (!can_register()) GTEST_SKIP() << "RLIMIT_MEMLOCK or the kernel allows no registered memory";
  {
    Ring other = must(Ring::create(pool));
    std::swap(*ring, other);
    (void)read(patterned(6 * kMiB, 1));
    std::swap(*ring, other);
  }
  must(pool.trim());
  (void)read(patterned(6 * kMiB, 2));
}

TEST_F(Registered, AStretchWithHolesIsNotFilledToBeRegistered) {
  {
    Space space = new_space(2048);
    must(space.write(at_page(16), filled(8 * kMiB, 1)));
  }
  must(pool.trim());
  ASSERT_GE(pool.statistics().returned, 1024u);
  Space space = new_space(64);
  const std::uint64_t returned = pool.statistics().returned;
  const ScratchFile file(patterned(64 * kPageSize, 1));
  const File open = file.open(OpenMode::read);
  ASSERT_TRUE(holds(read_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(64))));
  EXPECT_GE(pool.statistics().returned + 64, returned);
  EXPECT_EQ(bytes_in(space, at_page(16), 64 * kPageSize), patterned(64 * kPageSize, 1));
}

TEST_F(Registered, WithLittleLockedMemoryPlainRequestsDoTheSame) {
  const Bytes contents = patterned(6 * kMiB + 5, 3);
  const ScratchFile file(contents);
  const File from = file.open(OpenMode::read, PageCache::bypass);
  const ScratchFile copy;
  const File to = copy.open(OpenMode::write, PageCache::bypass);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Enough for the ring itself, which newer kernels count too; too little for a extent of the
    // pool.
    const rlimit little{kMiB, kMiB};
    if (setrlimit(RLIMIT_MEMLOCK, &little) != 0) _exit(2);
    if (getuid() == 0 && setuid(65'534) != 0) _exit(3);
    Pool own = must(Pool::create(64 * kMiB));
    must(own.reserve(32 * kMiB));
    auto plain = Ring::create(own);
    if (!plain) _exit(plain.error().code == Errc::unsupported ? 77 : 4);
    Space space = must(Space::create(own));
    must(space.map_at(at_page(16), 8 * kMiB));
    // The file's end lies off a page, and this user may not open it.
    if (must(read_file(*plain, space, at_page(16), from.descriptor(), 0, 8 * kMiB)).value !=
        contents.size()) {
      _exit(5);
    }
    if (bytes_in(space, at_page(16), contents.size()) != contents) _exit(6);
    must(write_file(*plain, space, at_page(16), to.descriptor(), 0, 6 * kMiB));
    _exit(plain->registered() == 0 ? 0 : 7);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "only root may use io_uring here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(copy.contents() == part(contents, 0, 6 * kMiB));
}

}  // namespace
}  // namespace cleave::detail
