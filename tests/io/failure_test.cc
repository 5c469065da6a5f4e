// What goes wrong outside: how it is told, and what has happened by then.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/io/on_a_ring.h"

namespace cleave::detail {
namespace {

class IoFailure : public OnARing {};

template <class T>
testing::AssertionResult says(const Result<T>& result, int system, Address where) {
  if (auto failed = fails_at(result, Errc::io, where); !failed) return failed;
  if (result.error().system == system) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().message() << "; expected errno " << system;
}

/// Runs `body` in a child, which may limit itself, and returns its status: 0 is well, 77 is not
/// possible.
int in_a_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(IoFailure, ADescriptorThatIsNotOpenIsRefusedAtOnce) {
  Space space = new_space(8);
  EXPECT_TRUE(says(ring->start_read(space, at_page(16), -1, 0, 5), EBADF, {}));
  EXPECT_TRUE(says(ring->start_write(space, at_page(16), 999'999, 0, 5), EBADF, {}));
}

TEST_F(IoFailure, ADescriptorForTheOtherDirectionIsRefused) {
  const ScratchFile file(filled(100, 1));
  Space space = new_space(8);
  EXPECT_TRUE(
      says(read_file(*ring, space, at_page(16, 9), file.open(OpenMode::write).descriptor(), 0, 50),
           EBADF, at_page(16, 9)));
  EXPECT_TRUE(
      says(write_file(*ring, space, at_page(16, 9), file.open(OpenMode::read).descriptor(), 0, 50),
           EBADF, at_page(16, 9)));
  EXPECT_EQ(file.contents(), filled(100, 1));
}

TEST_F(IoFailure, AReadIntoAReadOnlyRegionIsRefused) {
  const ScratchFile file(filled(100'000, 1));
  const File open = file.open(OpenMode::read);
  Space space = new_space();
  must(space.map_at(at_page(16), pages_of(4), Protection::read));
  EXPECT_TRUE(fails_at(read_file(*ring, space, at_page(16, 5), open.descriptor(), 0, 5000),
                       Errc::not_permitted, at_page(16, 5)));
  EXPECT_EQ(bytes_in(space, at_page(16), 4 * kPageSize), filled(4 * kPageSize, 0));
  EXPECT_TRUE(fails_at(read_file(*ring, space, at_page(30), open.descriptor(), 0, 5000),
                       Errc::not_mapped, at_page(30)));
}

TEST_F(IoFailure, AReadStopsBeforeTheBlockThatCannotBePinned) {
  const ScratchFile file(patterned(100 * kPageSize, 1));
  const File open = file.open(OpenMode::read);
  RingOptions options;
  options.block = 4 * kPageSize;
  with(options);
  Space space = new_space(30);
  const auto read = read_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(100));
  ASSERT_TRUE(fails_with(read, Errc::not_mapped));
  EXPECT_EQ(read.error().where, at_page(16 + 30)) << "the first byte that no region covers";
  EXPECT_EQ(bytes_in(space, at_page(16), 30 * kPageSize), patterned(30 * kPageSize, 1));
}

TEST_F(IoFailure, AWriteStopsAtTheFirstByteThatIsNotMapped) {
  const ScratchFile file;
  const File open = file.open(OpenMode::update);
  Space space = new_space(30);
  must(space.write(at_page(16), patterned(30 * kPageSize, 2)));
  for (const ByteCount from : {ByteCount{0}, ByteCount{5000}}) {
    const auto written = write_file(*ring, space, at_page(16) + from, open.descriptor(), 0,
                                    pages_of(100), Consistency::coherent);
    EXPECT_TRUE(fails_at(written, Errc::not_mapped, at_page(16 + 30)));
    const Bytes expected =
        part(patterned(30 * kPageSize, 2), from.value, 30 * kPageSize - from.value);
    EXPECT_TRUE(part(file.contents(), 0, expected.size()) == expected);
  }
}

TEST_F(IoFailure, APipeGivesWhatTheRegionHasRoomFor) {
  PipeEnds pipe;
  pipe.put(patterned(3 * kPageSize, 3));
  Space space = new_space(2);
  const auto read = read_file(*ring, space, at_page(16), pipe.out.descriptor(), 0, pages_of(3));
  EXPECT_TRUE(fails_at(read, Errc::not_mapped, at_page(18)));
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 3));
}

TEST_F(IoFailure, AWriteNeedsOnlyToRead) {
  const ScratchFile file;
  const File open = file.open(OpenMode::update);
  Space space = new_space(4);
  must(space.write(at_page(16), filled(4 * kPageSize, 1)));
  must(space.protect(at_page(16), pages_of(4), Protection::read));
  EXPECT_TRUE(holds(write_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(4))));
  EXPECT_TRUE(holds(write_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(4),
                               Consistency::coherent)));
  must(space.protect(at_page(18), pages_of(2), Protection::none));
  EXPECT_TRUE(fails_at(write_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(4)),
                       Errc::not_permitted, at_page(18)));
  EXPECT_TRUE(fails_with(write_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(4),
                                    Consistency::coherent),
                         Errc::not_permitted));
}

TEST_F(IoFailure, AFullDeviceIsTold) {
  Space space = new_space(8);
  const File full = must(open_file("/dev/full", OpenMode::write));
  for (const Consistency view : {Consistency::stable, Consistency::coherent}) {
    EXPECT_TRUE(says(write_file(*ring, space, at_page(16, 3), full.descriptor(), 0, 9000, view),
                     ENOSPC, at_page(16, 3)));
  }
}

TEST_F(IoFailure, AFullFileSystemHasAllBytesBeforeTheOneNamed) {
  char folder[] = "io_full.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0) {
    (void)rmdir(folder);
    GTEST_SKIP() << "no file system can be mounted here";
  }
  const Bytes contents = patterned(3 * kMiB, 1);
  Space space = new_space(1024);
  must(space.write(at_page(16), contents));
  for (const std::uint64_t block : {std::uint64_t{64} << 10, 4 * kMiB}) {
    RingOptions options;
    options.block = block;
    with(options);
    const File file = must(open_file((std::string(folder) + "/file").c_str(), OpenMode::update));
    EXPECT_EQ(ftruncate(file.descriptor(), 0), 0);
    const auto written =
        write_file(*ring, space, at_page(16), file.descriptor(), 0, contents.size());
    ASSERT_TRUE(fails_with(written, Errc::io));
    EXPECT_EQ(written.error().system, ENOSPC);
    const std::uint64_t done = (written.error().where - at_page(16)).value;
    EXPECT_GT(done, 512u << 10);
    EXPECT_LE(done, kMiB);
    Bytes there(done);
    EXPECT_EQ(pread(file.descriptor(), there.data(), done, 0), static_cast<ssize_t>(done));
    EXPECT_TRUE(there == part(contents, 0, done));
  }
  EXPECT_EQ(umount(folder), 0);
  (void)rmdir(folder);
}

// The kernel would end the process: it is not asked.
TEST_F(IoFailure, AFileThatMayNotGrowIsToldWithoutASignal) {
  for (const PageCache cache : {PageCache::use, PageCache::bypass}) {
    for (const Consistency consistency : {Consistency::stable, Consistency::coherent}) {
      for (const std::uint64_t from : {0u, 9000u, 10000u, 50000u}) {
        const ScratchFile file;
        EXPECT_EQ(in_a_child([&] {
                    Pool own = must(Pool::create(kMiB));
                    Ring small = must(Ring::create(own));
                    Space space = must(Space::create(own));
                    must(space.map_at(at_page(16), pages_of(16)));
                    const rlimit limit{10'000, 10'000};
                    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 77;
                    const File open = file.open(OpenMode::write, cache);
                    const auto written = write_file(small, space, at_page(16), open.descriptor(),
                                                    from, 50'000, consistency);
                    const std::uint64_t fits = from < 10'000 ? 10'000 - from : 0;
                    return says(written, EFBIG, at_page(16) + fits) ? 0 : 1;
                  }),
                  0)
            << from;
        EXPECT_EQ(file.contents().size(), from < 10'000 ? 10'000u : 0u);
      }
    }
  }
}

TEST_F(IoFailure, AFileThatIsAppendedToIsToldToo) {
  const ScratchFile file(filled(8'000, 1));
  EXPECT_EQ(in_a_child([&] {
              Pool own = must(Pool::create(kMiB));
              Ring small = must(Ring::create(own));
              Space space = must(Space::create(own));
              must(space.map_at(at_page(16), pages_of(8)));
              const rlimit limit{10'000, 10'000};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 77;
              const File open(::open(file.path(), O_WRONLY | O_APPEND | O_CLOEXEC));
              const auto written =
                  write_file(small, space, at_page(16), open.descriptor(), 0, 20'000);
              return says(written, EFBIG, at_page(16) + 2'000) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(file.contents().size(), 10'000u);
}

TEST_F(IoFailure, AFileThatMayNotGrowIsTold) {
  const ScratchFile file;
  EXPECT_EQ(in_a_child([&] {
              (void)std::signal(SIGXFSZ, SIG_IGN);
              Pool own = must(Pool::create(kMiB));
              Ring small = must(Ring::create(own));
              Space space = must(Space::create(own));
              must(space.map_at(at_page(16), pages_of(8)));
              const rlimit limit{10'000, 10'000};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 77;
              const File open = file.open(OpenMode::write);
              const auto written =
                  write_file(small, space, at_page(16), open.descriptor(), 0, 20'000);
              return says(written, EFBIG, at_page(16) + 10'000) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(file.contents().size(), 10'000u);
}

TEST_F(IoFailure, ADeviceThatFailsIsTold) {
  // The kernel fails to read this process's memory where there is none.
  const File memory = must(open_file("/proc/self/mem", OpenMode::read));
  Space space = new_space(8);
  EXPECT_TRUE(says(read_file(*ring, space, at_page(16), memory.descriptor(), 4096, 4096), EIO,
                   at_page(16)));
}

TEST_F(IoFailure, AReaderThatHasGoneIsTold) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  Space space = new_space(8);
  PipeEnds pipe;
  pipe.out = File(-1);
  EXPECT_TRUE(says(write_file(*ring, space, at_page(16), pipe.in.descriptor(), 0, 4096), EPIPE,
                   at_page(16)));
  (void)std::signal(SIGPIPE, SIG_DFL);
}

TEST_F(IoFailure, AUsedUpPoolStopsAReadWhereItWas) {
  const ScratchFile file(patterned(100 * kPageSize, 1));
  const File open = file.open(OpenMode::read);
  Pool tight = must(Pool::create(pages_of(64)));
  RingOptions options;
  options.block = 8 * kPageSize;
  options.depth = 1;
  Ring own = must(Ring::create(tight, options));
  Space space = must(Space::create(tight));
  must(space.map_at(at_page(16), pages_of(100)));
  const auto read = read_file(own, space, at_page(16), open.descriptor(), 0, pages_of(100));
  EXPECT_TRUE(fails_at(read, Errc::no_memory, at_page(16 + 64)));
  EXPECT_EQ(bytes_in(space, at_page(16), 64 * kPageSize), patterned(64 * kPageSize, 1));
}

// A sandbox as container engines make it: the system call is not there, or not allowed.
int refuse_io_uring(std::uint32_t error) {
  std::vector<sock_filter> program{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

TEST(IoUring, ThatIsForbiddenIsAnErrorThatSaysSo) {
  for (const int error : {EPERM, ENOSYS}) {
    EXPECT_EQ(in_a_child([error] {
                if (refuse_io_uring(static_cast<std::uint32_t>(error)) != 0) return 0;
                Pool pool = must(Pool::create(kMiB));
                const auto ring = Ring::create(pool);
                return fails_with(ring, Errc::unsupported) && ring.error().system == error ? 0 : 1;
              }),
              0);
  }
}

}  // namespace
}  // namespace cleave::detail
