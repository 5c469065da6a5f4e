#include "lab/kernel/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/wait.h>

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

TEST_F(JournalTest, TheNextPutsBackWhatAKilledOneLeftAndSaysSo) {
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::open(folder_);
    if (!journal || !journal->note({Kind::setting, setting_, "before"})) _exit(1);
    write("after");
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
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
