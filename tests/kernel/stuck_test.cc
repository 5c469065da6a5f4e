// Of threads that are described, not run: what is asked of the kernel is asked of this one.
#include "lab/kernel/process/stuck.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

class Stuck : public testing::Test {
 protected:
  void begin(const std::string& text) {
    test_ = test_of(text);
    auto compiled = compile(test_);
    ASSERT_TRUE(compiled.has_value()) << compiled.error();
    compiled_ = std::move(*compiled);
    shared_ = map_shared_state();
    shared_->clear();
    for (std::size_t i = 0; i < compiled_.plan.processes.size(); ++i)
      shared_->processes[i].state = ProcessState::running;
    for (std::size_t i = 0; i < compiled_.plan.threads.size(); ++i)
      shared_->threads[i].listed = static_cast<int>(syscall(SYS_gettid));
    threads_.emplace(compiled_, *shared_);
  }

  litmus::Test test_;
  CompiledTest compiled_;
  SharedStatePtr shared_;
  std::optional<StuckThreads> threads_;
};

constexpr const char* kWaits =
    "page x = 1\nprocess P {\n thread a {\n  wait l\n  signal m\n }\n"
    " thread b {\n  wait m\n  signal l\n }\n}\nexists P:x = 1\n";

TEST_F(Stuck, ThreadsThatWaitForEachOtherAreAtTheSecondLook) {
  begin(kWaits);
  EXPECT_FALSE(threads_->all());
  EXPECT_TRUE(threads_->all());
}

TEST_F(Stuck, NoneIsWhileALabelIsThereThatOneWaitsFor) {
  begin(kWaits);
  EXPECT_FALSE(threads_->all());
  for (auto& signal : shared_->signals) signal = true;
  for (int look = 0; look < 3; ++look) EXPECT_FALSE(threads_->all()) << look;
}

TEST_F(Stuck, NoneIsThatHasMovedSinceTheLookBefore) {
  begin(
      "page x = 1\nprocess P {\n thread a {\n  wait l\n  wait m\n }\n"
      " thread b {\n  wait m\n  signal l\n  signal m\n }\n}\nexists P:x = 1\n");
  EXPECT_FALSE(threads_->all());
  shared_->threads[0].at = 1;
  EXPECT_FALSE(threads_->all());
  EXPECT_TRUE(threads_->all());
}

TEST_F(Stuck, AServerIsOnceItHasHeardNothingForAWhile) {
  begin(
      "page x unmapped\nprocess P {\n thread a {\n  serve x\n  signal l\n }\n"
      " thread b {\n  wait l\n  read x -> r\n }\n}\nexists P.b:r = 1\n");
  EXPECT_FALSE(threads_->all());
  EXPECT_FALSE(threads_->all()) << "it may be about to hear";
  shared_->threads[0].heard_nothing += 2;
  EXPECT_FALSE(threads_->all());
  ++shared_->threads[0].heard_nothing;
  EXPECT_TRUE(threads_->all());
}

// This thread is at work, whatever it is at.
TEST_F(Stuck, AThreadThatDoesNotSleepInAFaultIsNot) {
  begin("page x = 1\nprocess P {\n read x -> r\n}\nexists P:r = 1\n");
  for (int look = 0; look < 3; ++look) EXPECT_FALSE(threads_->all()) << look;
}

TEST_F(Stuck, WhoWaitsForTheEndOfAProcessIsNoneOnceThatHasEnded) {
  begin(
      "page x = 1\nprocess P {\n fork C\n wait C.exit\n}\n"
      "process C from P {\n thread a {\n  wait l\n  exit\n }\n thread b {\n  wait m\n  signal l\n "
      "}\n"
      " thread c {\n  wait l\n  signal m\n }\n}\nexists P:x = 1\n");
  shared_->threads[0].at = 1;
  EXPECT_FALSE(threads_->all());
  EXPECT_TRUE(threads_->all());
  shared_->processes[1].state = ProcessState::exited;
  EXPECT_FALSE(threads_->all());
  EXPECT_FALSE(threads_->all());
}

}  // namespace
}  // namespace lab::kernel
