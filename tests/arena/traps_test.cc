// Mistakes that others made who track changes in memory: each must not be ours. Those that every
// way of tracking could make are in here once for each.
#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/fault_signal.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "arena/track/registry.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

class Traps : public testing::TestWithParam<Tracking> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(GetParam()); !works) {
      GTEST_SKIP() << name(GetParam()) << ": " << works.error().message();
    }
  }
  Arena make(ByteCount size) { return must(Arena::create(pool_, size, {.tracking = GetParam()})); }
  static void write(Arena& arena, std::size_t page, int value) {
    std::byte* const at = arena.data() + page * kPageSize;
    if (!tracker_kind(GetParam()).notices) arena.mark_dirty(at, 1);
    *static_cast<volatile std::byte*>(at) = std::byte(value);
  }
  static std::size_t mappings() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) ++count;
    return count;
  }

  Pool pool_ = must(Pool::create(512_MiB));
};

// 1. What a device writes through a long-term pin is seen by no tracking.
TEST_P(Traps, AReadThroughARegisteredBufferIsCommitted) {
  io_uring ring;
  if (const int failed = io_uring_queue_init(4, &ring, 0); failed < 0) {
    GTEST_SKIP() << "io_uring: " << std::strerror(-failed);
  }
  const int file = memfd_create("from", MFD_CLOEXEC);
  const std::string text(4096, 'd');
  ASSERT_EQ(pwrite(file, text.data(), text.size(), 0), 4096);
  Arena arena = make(64_KiB);
  write(arena, 2, 1);
  (void)must(arena.commit());
  {
    const ArenaPin pin = must(arena.pin(arena.data() + 2 * kPageSize, kPageSize, PinAccess::write));
    const iovec piece = pin.pieces().front();
    if (const int failed = io_uring_register_buffers(&ring, &piece, 1); failed < 0) {
      io_uring_queue_exit(&ring);
      GTEST_SKIP() << "a registered buffer: " << std::strerror(-failed);
    }
    for (int round = 0; round < 3; ++round) {
      std::memset(arena.data() + 2 * kPageSize, round, 8);
      (void)must(arena.commit());  // the page is watched again,
      io_uring_sqe* sqe = io_uring_get_sqe(&ring);
      io_uring_prep_read_fixed(sqe, file, pin.memory().data(), 4096, 0, 0);
      ASSERT_EQ(io_uring_submit_and_wait(&ring, 1), 1);  // and the device writes.
      io_uring_cqe* cqe = nullptr;
      ASSERT_EQ(io_uring_wait_cqe(&ring, &cqe), 0);
      ASSERT_EQ(cqe->res, 4096);
      io_uring_cqe_seen(&ring, cqe);
      const Commit commit = must(arena.commit());
      ASSERT_EQ(commit.pages(), 1u);
      const Address at{reinterpret_cast<std::uintptr_t>(arena.data() + 2 * kPageSize)};
      ASSERT_EQ(must(commit.snapshot().load<char>(at)), 'd');
    }
  }
  io_uring_queue_exit(&ring);
  close(file);
}

// 2. A report in parts; pages whose entries are gone.
TEST_P(Traps, MoreScatteredPagesThanOneReportHoldsAreAllFound) {
  constexpr std::size_t kPages = 8192;
  Arena arena = make(kPages * kPageSize);
  for (int round = 1; round <= 2; ++round) {
    for (std::size_t page = 0; page < kPages; page += 2) write(arena, page, round);
    std::size_t found = 0;
    must(arena.changes([&](std::span<const std::byte> run) { found += run.size() / kPageSize; }));
    // mprotect opens whole neighbourhoods when there are too many runs; more is allowed, less is
    // not.
    if (GetParam() == Tracking::mprotect) {
      EXPECT_GE(found, kPages / 2);
    } else {
      EXPECT_EQ(found, kPages / 2);
    }
    must(arena.commit());
  }
}

TEST_P(Traps, AWriteWhosePageTableEntryIsGoneIsNotForgotten) {
  Arena arena = make(1_MiB);
  for (std::size_t page = 0; page < 256; ++page) write(arena, page, 1);
  const Commit one = must(arena.commit());
  write(arena, 7, 2);
  // What reclaim does to a shared page under pressure: the entry goes, the page is in the file.
  ASSERT_EQ(madvise(arena.data(), arena.size().value, MADV_DONTNEED), 0);
  EXPECT_GE(must(arena.commit()).pages(), 1u);
  must(arena.checkout(one));
  EXPECT_EQ(arena.data()[7 * kPageSize], std::byte{1});
}

// Linux 6.14 takes a whole table away where none of its entries is left.
TEST_P(Traps, AWriteWhosePageTableIsGoneIsNotForgotten) {
  Arena arena = make(8_MiB);
  const auto fill = [&](int value) {
    for (std::size_t page = 0; page < 2048; ++page) write(arena, page, value);
  };
  fill(1);
  const Commit one = must(arena.commit());
  fill(2);
  ASSERT_EQ(madvise(arena.data(), arena.size().value, MADV_DONTNEED), 0);
  EXPECT_EQ(must(arena.commit()).pages(), 2048u);
  must(arena.checkout(one));
  for (std::size_t page = 0; page < 2048; ++page) {
    ASSERT_EQ(arena.data()[page * kPageSize], std::byte{1}) << page;
  }
}

TEST_P(Traps, MemoryThatTheProgramGivesBackHasChanged) {
  Arena arena = make(8_MiB);
  for (std::size_t page = 0; page < 100; ++page) write(arena, page, 1);
  const Commit full = must(arena.commit());
  write(arena, 600, 1);  // memory that was never touched before
  arena.mark_dirty(arena.data(), 50 * kPageSize);
  ASSERT_EQ(madvise(arena.data(), 50 * kPageSize, MADV_REMOVE), 0);
  const Commit less = must(arena.commit());
  write(arena, 3, 2);
  EXPECT_EQ(must(arena.commit()).pages(), 1u) << "what was given back is watched again";
  must(arena.checkout(full));
  EXPECT_EQ(arena.data()[3 * kPageSize], std::byte{1});
  EXPECT_EQ(arena.data()[49 * kPageSize], std::byte{1});
  must(arena.checkout(less));
  EXPECT_EQ(arena.data()[3 * kPageSize], std::byte{0});
  EXPECT_EQ(arena.data()[50 * kPageSize], std::byte{1});
  EXPECT_EQ(arena.data()[600 * kPageSize], std::byte{1});
}

/// Swap on a file of its own. A process of its own turns it off, also where the test fails or is
/// killed.
class SwapFile {
 public:
  SwapFile() {
    if (!begin_guard()) {
      why_ = errno;
      return;
    }
    const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const std::vector<char> zeroes(16 << 20);
    made_ = file >= 0 &&
            ::write(file, zeroes.data(), zeroes.size()) == static_cast<ssize_t>(zeroes.size()) &&
            fsync(file) == 0 &&
            std::system(("mkswap " + path_ + " >/dev/null 2>&1").c_str()) == 0 &&
            swapon(path_.c_str(), 0) == 0;
    why_ = errno;
    if (file >= 0) close(file);
  }
  SwapFile(const SwapFile&) = delete;
  SwapFile& operator=(const SwapFile&) = delete;
  ~SwapFile() {
    if (guard_ <= 0) return;
    close(ends_[1]);
    int status = -1;
    EXPECT_EQ(waitpid(guard_, &status, 0), guard_);
    EXPECT_TRUE(status == 0 || !made_) << "swap stays on " << path_;
  }
  [[nodiscard]] bool is_on() const { return made_; }
  [[nodiscard]] const char* why_not() const { return std::strerror(why_); }

 private:
  // It waits until this process closes its end of a pipe, or has ended.
  bool begin_guard() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) return false;
    guard_ = fork();
    if (guard_ == 0) {
      (void)setsid();
      close(ends_[1]);
      char none = 0;
      (void)!read(ends_[0], &none, 1);
      const bool off = swapoff(path_.c_str()) == 0;
      (void)unlink(path_.c_str());
      _exit(off ? 0 : 1);
    }
    close(ends_[0]);
    return guard_ > 0;
  }

  const std::string path_ = "/var/tmp/cleave-test-swap-" + std::to_string(getpid());
  std::array<int, 2> ends_{};
  pid_t guard_ = -1;
  bool made_ = false;
  int why_ = 0;
};

TEST_P(Traps, AWriteIsNotForgottenInSwap) {
  const SwapFile swap;
  if (!swap.is_on()) GTEST_SKIP() << "no swap file can be made here: " << swap.why_not();
  Arena arena = make(1_MiB);
  for (std::size_t page = 0; page < 256; ++page) write(arena, page, 1);
  const Commit one = must(arena.commit());
  for (std::size_t page = 0; page < 256; page += 3) write(arena, page, 2);
  (void)madvise(arena.data(), arena.size().value, MADV_PAGEOUT);
  const Commit two = must(arena.commit());
  EXPECT_EQ(two.pages(), 86u);
  (void)madvise(arena.data(), arena.size().value, MADV_PAGEOUT);
  must(arena.checkout(one));
  for (std::size_t page = 0; page < 256; ++page) {
    ASSERT_EQ(arena.data()[page * kPageSize], std::byte{1}) << page;
  }
  (void)madvise(arena.data(), arena.size().value, MADV_PAGEOUT);
  must(arena.checkout(two));
  for (std::size_t page = 0; page < 256; ++page) {
    ASSERT_EQ(arena.data()[page * kPageSize], std::byte(page % 3 == 0 ? 2 : 1)) << page;
  }
}

/// What this thread has used of a processor: others that are busy there do not count.
double work_seconds() {
  timespec used{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// 3. Protecting everything again costs by the size; only what was written may be.
TEST_P(Traps, ACommitOfOnePageDoesNotProtectTheWholeArenaAgain) {
  if (kSanitized) GTEST_SKIP() << "measures time";
  Arena arena = make(256_MiB);
  for (std::size_t page = 0; page < 65'536; ++page) write(arena, page, 1);
  const double start = work_seconds();
  (void)must(arena.commit());
  const double all = work_seconds() - start;
  double best = all;
  for (int round = 0; round < 10; ++round) {
    write(arena, 1000, round);
    const double one = work_seconds();
    (void)must(arena.commit());
    best = std::min(best, work_seconds() - one);
  }
  EXPECT_LT(best * 20, all);
}

// 4. System calls, and handlers of others.
TEST_P(Traps, ASystemCallThatCannotWriteSaysSoAndWritesNothing) {
  Arena arena = make(64_KiB);
  write(arena, 0, 1);
  (void)must(arena.commit());
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  const ssize_t got = read(ends[0], arena.data(), 1);
  if (tracker_kind(GetParam()).signal != 0) {
    EXPECT_EQ(got, -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(arena.data()[0], std::byte{1});
  } else {
    EXPECT_EQ(got, 1);
    if (tracker_kind(GetParam()).notices) {
      EXPECT_EQ(must(arena.commit()).pages(), 1u);
    }
  }
  close(ends[0]);
  close(ends[1]);
}

volatile std::sig_atomic_t faults_of_others = 0;
void* lifted_page = nullptr;

void lift(int, siginfo_t*, void*) {
  faults_of_others = faults_of_others + 1;
  (void)mprotect(lifted_page, 4096, PROT_READ | PROT_WRITE);
}

// Runs in a process of its own: handlers are installed for good.
int with_a_handler_from_before(Tracking tracking) {
  struct sigaction theirs {};
  theirs.sa_sigaction = lift;
  theirs.sa_flags = SA_SIGINFO;
  (void)sigaction(SIGSEGV, &theirs, nullptr);
  (void)sigaction(SIGBUS, &theirs, nullptr);
  if (!try_tracking(tracking)) return 0;  // other tests say why
  Pool pool = must(Pool::create(1_MiB));
  Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = tracking}));
  arena.data()[0] = std::byte{1};
  lifted_page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(lifted_page) = 1;  // their fault
  if (faults_of_others != 1) return 1;
  return must(arena.commit()).pages() == 1 ? 0 : 2;
}

struct sigaction passed_on_to {};

void pass_on(int signal, siginfo_t* fault, void* context) {
  faults_of_others = faults_of_others + 1;
  if (arena_fault(signal, fault)) return;
  passed_on_to.sa_sigaction(signal, fault, context);
}

int with_a_handler_from_after(Tracking tracking) {
  if (!try_tracking(tracking)) return 0;  // other tests say why
  Pool pool = must(Pool::create(1_MiB));
  Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = tracking}));
  struct sigaction theirs {};
  theirs.sa_sigaction = pass_on;
  theirs.sa_flags = SA_SIGINFO;
  const int signal = tracking == Tracking::sigbus ? SIGBUS : SIGSEGV;
  (void)sigaction(signal, &theirs, &passed_on_to);
  arena.data()[0] = std::byte{1};
  if (faults_of_others != 1) return 1;
  return must(arena.commit()).pages() == 1 ? 0 : 2;
}

// Each in a process that has installed no handler of ours yet.
TEST(FaultsDeathTest, OfOthersGoToTheHandlerThatWasThereBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(with_a_handler_from_before(Tracking::mprotect)), testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(std::exit(with_a_handler_from_before(Tracking::sigbus)), testing::ExitedWithCode(0),
              "");
}

TEST(FaultsDeathTest, OfOursAreServedByAHandlerThatPassesThemOn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(with_a_handler_from_after(Tracking::mprotect)), testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(std::exit(with_a_handler_from_after(Tracking::sigbus)), testing::ExitedWithCode(0),
              "");
}

int with_segv_ignored() {
  (void)std::signal(SIGSEGV, SIG_IGN);
  Pool pool = must(Pool::create(1_MiB));
  const Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = Tracking::mprotect}));
  (void)raise(SIGSEGV);  // sent, not a fault
  return 0;
}

TEST(FaultsDeathTest, ASignalThatTheProgramIgnoredIsIgnored) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(with_segv_ignored()), testing::ExitedWithCode(0), "");
}

TEST_P(Traps, AFaultOutsideEveryArenaEndsTheProgramAsItWouldHaveWithoutUs) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  Arena arena = make(64_KiB);
  write(arena, 0, 1);
  EXPECT_EXIT(*static_cast<volatile char*>(nullptr) = 1, testing::KilledBySignal(SIGSEGV), "");
}

TEST_P(Traps, AJumpIntoTheArenaEndsTheProgram) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  EXPECT_EXIT(
      {
        (void)alarm(60);
        Pool pool = must(Pool::create(1_MiB));  // the child has no view of arenas from before
        Arena arena = must(Arena::create(pool, 64_KiB, {.tracking = GetParam()}));
        reinterpret_cast<void (*)()>(arena.data())();
      },
      testing::KilledBySignal(SIGSEGV), "");
}

// 6. Huge pages: the kernel may put them under the arena; changes are found page by page still.
TEST_P(Traps, HugePagesDoNotHideOrSpreadChanges) {
  Arena arena = make(8_MiB);
  for (std::size_t page = 0; page < 2048; ++page) write(arena, page, 1);
  (void)must(arena.commit());
  (void)madvise(arena.data(), arena.size().value, MADV_HUGEPAGE);
  (void)madvise(arena.data(), arena.size().value, 25 /* MADV_COLLAPSE */);
  write(arena, 777, 2);
  const Commit commit = must(arena.commit());
  EXPECT_EQ(commit.pages(), 1u);
}

// 8. What a pool's snapshots hold is no thread's working memory.
TEST_P(Traps, WritesAfterACommitReachNoCommit) {
  Arena arena = make(64_KiB);
  write(arena, 1, 1);
  const Commit commit = must(arena.commit());
  Space branch = must(commit.snapshot().fork());
  write(arena, 1, 2);
  write(arena, 2, 2);  // a page that no commit has seen
  const Address at{reinterpret_cast<std::uintptr_t>(arena.data())};
  std::array<std::byte, 2> seen{};
  must(branch.read(at + kPageSize, std::span(seen).first(1)));
  must(branch.read(at + 2 * kPageSize, std::span(seen).last(1)));
  EXPECT_EQ(seen[0], std::byte{1});
  EXPECT_EQ(seen[1], std::byte{0});
  must(branch.write(at + kPageSize, seen));
  EXPECT_EQ(arena.data()[kPageSize], std::byte{2});
}

// 9 and 12. No mapping of the kernel's is split for pins, commits, or pages.
TEST_P(Traps, NeitherPinsNorCommitsMakeMoreMappings) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer makes mappings of its own";
  Arena arena = make(16_MiB);
  for (std::size_t page = 0; page < 4096; page += 3) write(arena, page, 1);
  (void)must(arena.commit());
  const std::size_t before = mappings();
  std::vector<ArenaPin> pins;
  std::vector<Commit> commits;
  for (std::size_t i = 0; i < 100; ++i) {
    pins.push_back(must(arena.pin(arena.data() + i * 5 * kPageSize, kPageSize, PinAccess::write)));
    write(arena, i * 7, static_cast<int>(i));
    commits.push_back(must(arena.commit()));
  }
  EXPECT_LE(mappings(), before + 8) << "room for what malloc does";
}

// 10. After the last unpin nothing is left of the pins.
TEST_P(Traps, APinThatIsGoneCostsNothingMore) {
  Arena arena = make(1_MiB);
  for (std::size_t page = 0; page < 256; ++page) write(arena, page, 1);
  const Commit start = must(arena.commit());
  {
    const ArenaPin pin = must(arena.pin(arena.data(), arena.size().value, PinAccess::write));
    std::size_t found = 0;
    must(arena.changes([&](std::span<const std::byte> run) { found += run.size() / kPageSize; }));
    EXPECT_EQ(found, 256u);
  }
  (void)must(arena.commit());
  must(arena.changes(
      [&](std::span<const std::byte>) { ADD_FAILURE() << "still counts as changed"; }));
  must(arena.checkout(start));
}

// 11. Commits own what they show, whoever goes first.
TEST_P(Traps, ACommitDoesNotDependOnThoseBeforeIt) {
  Arena arena = make(256_KiB);
  std::vector<std::optional<Commit>> commits;
  for (int i = 1; i <= 40; ++i) {
    write(arena, static_cast<std::size_t>(i), i);
    commits.emplace_back(must(arena.commit()));
  }
  for (std::size_t i = 0; i < 39; ++i) {
    if (i != 20) commits[i].reset();
  }
  must(arena.checkout(*commits[20]));
  for (int i = 1; i <= 40; ++i) {
    ASSERT_EQ(arena.data()[static_cast<std::size_t>(i) * kPageSize], std::byte(i <= 21 ? i : 0))
        << i;
  }
  EXPECT_EQ(commits[39]->parent(), *commits[20]);
  EXPECT_EQ(arena.statistics().living, 2u);
}

INSTANTIATE_TEST_SUITE_P(Tracked, Traps, testing::ValuesIn(trackings().begin(), trackings().end()),
                         [](const auto& which) { return std::string(name(which.param)); });

}  // namespace
}  // namespace cleave::detail
