// Tests written in a line or two, judged by the kernel that runs here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "lab/kernel/judge.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/litmus/parse/parse.h"

namespace lab::kernel {

inline litmus::Test test_of(const std::string& text) {
  auto test = litmus::parse("litmus t\n\"A test.\"\n" + text);
  EXPECT_TRUE(test.has_value());
  return std::move(*test);
}

/// Processes and memory alone, so that tests that run at once do not meet: a folder of its own, and
/// no global setting.
class OnThisKernel : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_for_every_test(); !why.empty()) GTEST_SKIP() << why;
    std::string name = testing::TempDir() + "/kernel-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto system = System::open(folder_);
    ASSERT_TRUE(system.has_value()) << system.error();
    system_ = std::make_unique<System>(std::move(*system));
  }
  void TearDown() override {
    system_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  KernelVerdict judge_text(const std::string& text) {
    test_ = test_of(text);
    Options options;
    options.seconds = 0.2;
    options.ordered_seconds = 60;  // so that all runs are made, however busy the machine is
    options.patience = patience_;
    return judge(test_, *system_, options);
  }

  std::string folder_;
  std::unique_ptr<System> system_;
  litmus::Test test_;
  double patience_ = 60;
};

}  // namespace lab::kernel
