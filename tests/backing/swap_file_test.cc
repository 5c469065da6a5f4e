// What a swap file is: a file without a name, of which pages come back as they were put, or not at
// all.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

#include <cleave/backing/swap_file.h>
#include <cleave/must.h>

#include "tests/backing/behind.h"
#include "tests/backing/pages.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/poor_process.h"
#include "tests/support/seccomp.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

/// A swap file in a folder of its own, and the file itself, as /proc/self/fd leads to it.
class SwapFileOnADisk : public testing::Test {
 protected:
  SwapFileOnADisk() : file_(must(swap_file({.bytes = 1_MiB, .directory = folder_.file("")}))) {
    for (std::size_t i = 0; i < pages_.size(); ++i) pages_.fill_randomly(i, i);
    must(file_->put(pages_.read(), places_));
    behind_ = open_behind(folder_.file(""));
  }
  ~SwapFileOnADisk() override { (void)close(behind_); }

  void change_a_byte_of(std::size_t page) const {
    const auto at = static_cast<off_t>((static_cast<std::uint64_t>(places_[page]) - 1) * kPageSize);
    char byte = 0;
    ASSERT_EQ(pread(behind_, &byte, 1, at + 77), 1);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_EQ(pwrite(behind_, &byte, 1, at + 77), 1);
  }
  Result<void> get(std::size_t page, Pages& into) {
    return file_->get({&places_[page], 1}, into.all().first(1));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Backing> file_;
  Pages pages_{64};
  std::vector<Place> places_ = std::vector<Place>(64);
  int behind_ = -1;
};

TEST_F(SwapFileOnADisk, HasNoName) {
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file("")));
  struct stat status {};
  ASSERT_EQ(fstat(behind_, &status), 0);
  EXPECT_EQ(status.st_nlink, 0u);
}

TEST_F(SwapFileOnADisk, HasItsPlaceOnTheDiskFromTheBeginning) {
  struct stat status {};
  ASSERT_EQ(fstat(behind_, &status), 0);
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, (1_MiB).value);
}

TEST_F(SwapFileOnADisk, NeverGivesWrongBytesForRightOnes) {
  change_a_byte_of(5);
  Pages back(pages_.size());
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(fails_with(get(5, back), Errc::io));
    EXPECT_TRUE(fails_with(file_->get(places_, back.all()), Errc::io));
  }
  EXPECT_TRUE(holds(get(6, back)));
  change_a_byte_of(5);  // It is right again.
  EXPECT_TRUE(holds(get(5, back)));
  EXPECT_TRUE(back.same(0, pages_, 5));
}

TEST_F(SwapFileOnADisk, FailsWhereItHasBeenCutShortAndWritesOn) {
  ASSERT_EQ(ftruncate(behind_, 4096), 0);
  Pages back(pages_.size());
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(fails_with(get(40, back), Errc::io));
    EXPECT_TRUE(fails_with(file_->get(places_, back.all()), Errc::io));
  }
  EXPECT_TRUE(holds(get(0, back)));
  std::vector<Place> anew(pages_.size());
  ASSERT_TRUE(holds(file_->put(pages_.read(), anew)));
  ASSERT_TRUE(holds(file_->get(anew, back.all())));
  for (std::size_t i = 0; i < pages_.size(); ++i) EXPECT_TRUE(back.same(i, pages_, i));
}

TEST_F(SwapFileOnADisk, FailsWhereItsBytesHaveVanished) {
  ASSERT_EQ(fallocate(behind_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20), 0);
  Pages back(pages_.size());
  EXPECT_TRUE(fails_with(get(0, back), Errc::io));
  EXPECT_TRUE(fails_with(file_->get(places_, back.all()), Errc::io));
}

TEST_F(SwapFileOnADisk, PutsTogetherWhatIsPutTogether) {
  for (std::size_t i = 1; i < places_.size(); ++i) {
    EXPECT_EQ(static_cast<std::uint64_t>(places_[i]), static_cast<std::uint64_t>(places_[0]) + i);
  }
}

TEST_F(SwapFileOnADisk, SaysWhatItHolds) {
  const BackingStatistics now = file_->statistics();
  EXPECT_EQ(now.pages, pages_.size());
  EXPECT_EQ(now.capacity, (1_MiB).value / kPageSize);
  EXPECT_EQ(now.written, pages_.size());
  EXPECT_EQ(now.disk_bytes, pages_.size() * kPageSize);
  Pages back(1);
  ASSERT_TRUE(holds(get(3, back)));
  EXPECT_EQ(file_->statistics().read, 1u);
}

TEST(SwapFile, LeavesNothingBehindWhenItsProcessIsKilled) {
  const TemporaryFolder folder;
  const pid_t victim = fork();
  if (victim == 0) {
    const auto file = must(swap_file({.bytes = 1_MiB, .directory = folder.file("")}));
    Pages pages(10);
    std::vector<Place> places(pages.size());
    must(file->put(pages.read(), places));
    (void)kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(victim, &status, 0), victim);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(std::filesystem::is_empty(folder.file("")));
}

TEST(SwapFile, ClosesWhatItOpened) {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  { const auto file = must(swap_file({.bytes = 1_MiB})); }
  EXPECT_EQ(descriptors(), before);
}

TEST(SwapFile, GivesMorePagesInOneCallThanItLooksAtTogether) {
  const auto file = must(swap_file({.bytes = 2_MiB, .depth = 3}));
  Pages pages(500);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  std::vector<Place> places(pages.size());
  must(file->put(pages.read(), places));
  std::vector<Place> wanted;
  for (std::size_t i = 0; i < 3000; ++i) wanted.push_back(places[i * 7 % pages.size()]);
  Pages back(wanted.size());
  ASSERT_TRUE(holds(file->get(wanted, back.all())));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(back.same(i, pages, i * 7 % pages.size())) << i;
  }
}

TEST(SwapFile, CanBeWrittenOnceAtTheBeginning) {
  const auto file = must(swap_file({.bytes = 3_MiB + 5_KiB, .write_at_open = true}));
  Pages pages(700);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(file->put(pages.read(), places)));
  Pages back(pages.size());
  ASSERT_TRUE(holds(file->get(places, back.all())));
  for (std::size_t i = 0; i < pages.size(); ++i) EXPECT_TRUE(back.same(i, pages, i)) << i;
}

TEST(SwapFile, SaysWhatItCannotBe) {
  EXPECT_TRUE(fails_with(swap_file({.bytes = 4095}), Errc::bad_argument));
  EXPECT_TRUE(fails_with(swap_file({.bytes = 1_MiB, .depth = 0}), Errc::bad_argument));
  EXPECT_TRUE(fails_with(swap_file({.bytes = 1_MiB, .depth = 257}), Errc::bad_argument));
  const auto nowhere = swap_file({.bytes = 1_MiB, .directory = "/nonexistent"});
  ASSERT_TRUE(fails_with(nowhere, Errc::io));
  EXPECT_EQ(nowhere.error().system, ENOENT);
}

TEST(SwapFile, IsMadeWhereTMPDIRSays) {
  EXPECT_TRUE(is_well(child([] {
    (void)setenv("TMPDIR", "/nonexistent", 1);
    if (swap_file({.bytes = 1_MiB})) say("it was made");
    (void)unsetenv("TMPDIR");
    if (!swap_file({.bytes = 1_MiB})) say("it was not made");
  })));
}

TEST(SwapFile, IsNoLargerThanAFileMayBe) {
  EXPECT_TRUE(is_well(child([] {
    const auto before = swap_file({.bytes = 1_MiB});
    (void)limit(RLIMIT_FSIZE, 64 << 10);
    const auto large = swap_file({.bytes = 1_MiB});
    if (large || large.error().code != Errc::bad_argument) say("not refused");
    if (!swap_file({.bytes = 64_KiB})) say("that large it may be");
    // The limit came later: an error, no signal, and what fits below it is taken.
    Pages pages(64);
    std::vector<Place> places(pages.size());
    const auto put = (*before)->put(pages.read(), places);
    if (put || put.error().code != Errc::io || put.error().system != EFBIG) say("no word of it");
    (void)limit(RLIMIT_FSIZE, RLIM_INFINITY);
    const auto again = (*before)->put(pages.read(), places);
    if (!again) say("%s", again.error().what);
  })));
}

TEST(SwapFile, IsNoStandardStreamOfAProgramThatHasClosedItsOwn) {
  EXPECT_TRUE(is_well(child([] {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) (void)close(stream);
    const auto file = swap_file({.bytes = 1_MiB});
    const bool printed = write(STDIN_FILENO, "printed", 7) >= 0 ||
                         write(STDOUT_FILENO, "printed", 7) >= 0 ||
                         write(STDERR_FILENO, "printed", 7) >= 0;
    const bool ring = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    if (!file) say("%s", file.error().what);
    if (printed || ring) say("it has the number of a standard stream");
  })));
}

// As a program does that closes all that it does not know, and opens files of its own.
TEST(SwapFile, WritesToNoFileThatHasTakenItsNumber) {
  EXPECT_TRUE(is_well(child([] {
    const int theirs = memfd_create("theirs", MFD_CLOEXEC);
    const int free = fcntl(theirs, F_DUPFD_CLOEXEC, 0);
    (void)close(free);
    auto file = swap_file({.bytes = 1_MiB});
    Pages pages(64);
    std::vector<Place> places(pages.size());
    must((*file)->put(pages.read(), places));
    std::vector<int> taken;
    for (int number = free; number < free + 20; ++number) {
      if (dup2(fcntl(number, F_GETFD) < 0 ? -1 : theirs, number) == number) taken.push_back(number);
    }
    const auto got = (*file)->get(places, pages.all());
    if (got || got.error().code != Errc::io) say("it reads their file");
    const auto put = (*file)->put(pages.read(), places);
    if (put || put.error().code != Errc::io) say("it writes their file");
    file->reset();
    struct stat status {};
    (void)fstat(theirs, &status);
    if (status.st_size != 0) say("their file has grown");
    for (const int number : taken) {
      if (fcntl(number, F_GETFD) < 0) say("%d of theirs was closed", number);
    }
  })));
}

TEST(SwapFile, DoesWithoutWhatAPolicyDenies) {
  for (const std::vector<Denied>& denied : {std::vector<Denied>{{SYS_io_uring_setup, EPERM}},
                                            {{SYS_io_uring_enter, EPERM}},
                                            {{SYS_fallocate, EPERM}},
                                            {{SYS_fcntl, EPERM}},
                                            {{SYS_prlimit64, EPERM}}}) {
    EXPECT_TRUE(is_well(child([&] {
      if (!deny(denied)) return;
      const auto file = must(swap_file({.bytes = 1_MiB}));
      Pages pages(200);
      for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
      std::vector<Place> places(pages.size());
      must(file->put(pages.read(), places));
      std::reverse(places.begin(), places.end());
      Pages back(pages.size());
      must(file->get(places, back.all()));
      for (std::size_t i = 0; i < pages.size(); ++i) {
        if (!back.same(i, pages, pages.size() - 1 - i)) say("page %zu is wrong", i);
      }
    }))) << denied[0].call;
  }
}

TEST(SwapFile, GoesOnByHandWhenAPolicyComesInForce) {
  EXPECT_TRUE(is_well(child([] {
    const auto file = must(swap_file({.bytes = 4_MiB}));
    Pages pages(300);
    for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
    std::vector<Place> places(pages.size());
    must(file->put(pages.read(), places));
    const std::vector<Denied> denied{{SYS_io_uring_enter, EPERM}};
    if (!deny(denied)) return;
    Pages back(pages.size());
    must(file->get(places, back.all()));
    std::vector<Place> anew(pages.size());
    must(file->put(pages.read(), anew));
    must(file->get(anew, back.all()));
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (!back.same(i, pages, i)) say("page %zu is wrong", i);
    }
  })));
}

}  // namespace
}  // namespace cleave::detail
