#include "lab/kernel/system/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

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

  // A process changes the setting and is killed, and before it, where asked, who would put back. Returns who that is.
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

TEST_F(JournalTest, WhatCannotBePutBackIsToldAndStays) {
  auto journal = Journal::open(folder_);
  ASSERT_TRUE(journal.has_value());
  ASSERT_TRUE(journal->note({Kind::setting, folder_ + "/none/there", "1"}).has_value());
  EXPECT_EQ(journal->put_back().size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/journal"));
}

TEST_F(JournalTest, WhatSomebodyElseMadeOfASettingMeanwhileStays) {
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
