#include "lab/kernel/system/journal.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::kernel {
namespace {

using Kind = Journal::Kind;

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/journal-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    setting_ = folder_ + "/setting";
    write("before");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text) const { std::ofstream(setting_) << text; }
  [[nodiscard]] std::string read() const {
    std::string line;
    std::getline(std::ifstream(setting_) >> std::ws, line);
    return line;
  }

  // A process changes the setting and is killed, and before it, where asked, who would put back.
  // Returns who that is.
  pid_t be_killed(
      bool with_guard, const std::function<void()>& before = [] {}) const {
    std::array<int, 2> told{};
    if (pipe(told.data()) != 0) return -1;
    const pid_t child = fork();
    if (child == 0) {
      auto journal = Journal::open(folder_);
      if (!journal || !journal->note({Kind::setting, setting_, "before", "after"})) _exit(1);
      write("after");
      const int guard = journal->guard();
      (void)!::write(told[1], &guard, sizeof guard);
      before();
      if (with_guard) {
        kill(guard, SIGKILL);
        waitpid(guard, nullptr, 0);
      }
      raise(SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    int guard = -1;
    if (!WIFSIGNALED(status) || ::read(told[0], &guard, sizeof guard) != sizeof guard) guard = -1;
    close(told[0]);
    close(told[1]);
    return guard;
  }
  // It is no child of ours.
  static void await_end(pid_t pid) {
    const int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (file < 0) return;
    pollfd of{file, POLLIN, 0};
    EXPECT_EQ(poll(&of, 1, 10'000), 1);
    close(file);
  }

  std::string folder_, setting_;
};

TEST_F(JournalTest, WhatWasNotedIsPutBackInTheEnd) {
  {
    auto journal = Journal::open(folder_);
    ASSERT_TRUE(journal.has_value()) << journal.error();
    ASSERT_TRUE(journal->note({Kind::setting, setting_, "before"}).has_value());
    write("after");
  }
  EXPECT_EQ(read(), "before");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/journal"));
}

TEST_F(JournalTest, ThereIsOneAtATime) {
  auto first = Journal::open(folder_);
  ASSERT_TRUE(first.has_value());
  const auto second = Journal::open(folder_);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error(), testing::HasSubstr("another run"));
}

TEST_F(JournalTest, WhatAKilledOneLeftIsPutBackAtOnce) {
  const pid_t guard = be_killed(false);
  ASSERT_GT(guard, 0);
  await_end(guard);
  EXPECT_EQ(read(), "before");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/journal"));
}

TEST_F(JournalTest, IsPutBackOnlyWhenAllWhoWereStartedMeanwhileHaveEnded) {
  std::array<int, 2> wait{};
  ASSERT_EQ(pipe(wait.data()), 0);
  const pid_t guard = be_killed(false, [&] {
    if (fork() != 0) return;
    close(wait[1]);
    char byte = 0;
    (void)!::read(wait[0], &byte, 1);
    _exit(0);
  });
  ASSERT_GT(guard, 0);
  pollfd ended{static_cast<int>(syscall(SYS_pidfd_open, guard, 0)), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 50), 0);
  EXPECT_EQ(read(), "after");
  close(wait[0]);
  close(wait[1]);
  close(ended.fd);
  await_end(guard);
  EXPECT_EQ(read(), "before");
}

TEST_F(JournalTest, TheNextPutsBackWhatAKilledOneLeftAndSaysSo) {
  ASSERT_GT(be_killed(true), 0);
  ASSERT_EQ(read(), "after");
  const auto journal = Journal::open(folder_);
  ASSERT_TRUE(journal.has_value()) << journal.error();
  EXPECT_EQ(read(), "before");
  EXPECT_THAT(journal->found(), testing::ElementsAre(setting_ + " back to before"));
}

// A whole run: two changes, each noted before it is made, and put back in the end. Unlike a setting
// of the kernel a file is empty for a moment as it is written: what it holds is put back in any
// case.
void change_and_put_back(const std::string& folder, const std::string& setting) {
  auto journal = Journal::open(folder);
  if (!journal) _exit(1);
  for (const char* next : {"after", "later"}) {
    if (!journal->note({Kind::setting, setting, "before"})) _exit(1);
    std::ofstream(setting) << next;
  }
  if (!journal->put_back().empty()) _exit(1);
}

/// A process that is stopped before and after each of its system calls, and killed at one of these
/// stops. What it started falls to this process, so that its end can be waited for.
class KilledProcess {
 public:
  /// Runs `body` until its k-th stop. Unless `alone`, the process that puts back is killed before
  /// it.
  KilledProcess(unsigned k, bool alone, const std::function<void()>& body) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    child_ = fork();
    if (child_ == 0) {
      if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(2);
      raise(SIGSTOP);
      body();
      _exit(0);
    }
    int status = 0;
    waitpid(child_, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child_, nullptr, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL);
    for (unsigned stops = 0; stops < k && WIFSTOPPED(status); ++stops) status = next_stop(status);
    was_killed_ = WIFSTOPPED(status);
    if (was_killed_ && !alone && guard_ > 0) kill(guard_, SIGKILL);
    if (was_killed_) kill(child_, SIGKILL);
    await_ends(alone);
    EXPECT_TRUE(was_killed_ || status == 0) << "it ended by itself, and not well: " << status;
  }
  /// False: it came to its end before that.
  [[nodiscard]] bool was_killed() const { return was_killed_; }

 private:
  int next_stop(int status) {
    // What stops it otherwise is a signal, such as the end of the process that puts back: it gets
    // it.
    const int signal = WSTOPSIG(status);
    ptrace(PTRACE_SYSCALL, child_, nullptr, signal == SIGCHLD ? SIGCHLD : 0);
    for (;;) {
      const pid_t stopped = waitpid(-1, &status, __WALL);
      if (stopped != child_) {
        guard_ = stopped;
        ptrace(PTRACE_DETACH, guard_, nullptr, nullptr);
      } else {
        return status;
      }
    }
  }

  // One that was only just started, as the kill came, waits to be let go on.
  static void await_ends(bool alone) {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, __WALL)) > 0;) {
      if (!WIFSTOPPED(status)) continue;
      if (!alone) kill(pid, SIGKILL);
      ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    }
  }

  pid_t child_ = -1;
  pid_t guard_ = -1;
  bool was_killed_ = false;
};

TEST_F(JournalTest, AKillAtAnySystemCallIsPutBack) {
  for (unsigned k = 0;; ++k) {
    const KilledProcess process(k, true, [&] { change_and_put_back(folder_, setting_); });
    ASSERT_EQ(read(), "before") << "kill " << k;
    ASSERT_FALSE(std::filesystem::exists(folder_ + "/journal")) << "kill " << k;
    ASSERT_FALSE(std::filesystem::exists(folder_ + "/journal.next")) << "kill " << k;
    if (process.was_killed()) continue;
    EXPECT_GT(k, 50U) << "the run has fewer system calls than its work needs";
    return;
  }
}

TEST_F(JournalTest, AKillOfBothAtAnySystemCallIsPutBackByTheNext) {
  for (unsigned k = 0;; ++k) {
    const KilledProcess process(k, false, [&] { change_and_put_back(folder_, setting_); });
    {
      const auto next = Journal::open(folder_);
      ASSERT_TRUE(next.has_value()) << "kill " << k << ": " << next.error();
    }
    ASSERT_EQ(read(), "before") << "kill " << k;
    ASSERT_FALSE(std::filesystem::exists(folder_ + "/journal")) << "kill " << k;
    ASSERT_FALSE(std::filesystem::exists(folder_ + "/journal.next")) << "kill " << k;
    if (!process.was_killed()) return;
  }
}

TEST_F(JournalTest, WhatCannotBePutBackIsToldAndStays) {
  auto journal = Journal::open(folder_);
  ASSERT_TRUE(journal.has_value());
  ASSERT_TRUE(journal->note({Kind::setting, folder_ + "/none/there", "1"}).has_value());
  EXPECT_EQ(journal->put_back().size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/journal"));
}

TEST_F(JournalTest, WhatAnotherProcessMadeOfASettingMeanwhileStays) {
  auto journal = Journal::open(folder_);
  ASSERT_TRUE(journal.has_value());
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "before", "after"}).has_value());
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "before", "later"}).has_value());
  write("else");
  EXPECT_TRUE(journal->put_back().empty());
  EXPECT_EQ(read(), "else");
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "before", "after"}).has_value());
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "before", "later"}).has_value());
  write("after");  // Was killed between the second note and its write.
  EXPECT_TRUE(journal->put_back().empty());
  EXPECT_EQ(read(), "before");
}

TEST_F(JournalTest, ChangesAreUndoneTheLastFirst) {
  auto journal = Journal::open(folder_);
  ASSERT_TRUE(journal.has_value());
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "first"}).has_value());
  ASSERT_TRUE(journal->note({Kind::setting, setting_, "second"}).has_value());
  EXPECT_TRUE(journal->put_back().empty());
  EXPECT_EQ(read(), "first");
}

}  // namespace
}  // namespace lab::kernel
