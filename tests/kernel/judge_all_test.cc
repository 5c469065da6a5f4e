#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lab/litmus/vocabulary.h"
#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

class ManyTests : public OnThisKernel {
 protected:
  std::vector<KernelVerdict> judge_texts(const std::vector<std::string>& texts, unsigned at_once) {
    for (const std::string& text : texts) tests_.push_back(test_of(text));
    std::vector<const litmus::Test*> tests;
    for (const litmus::Test& test : tests_) tests.push_back(&test);
    Options options;
    options.ordered_seconds = 60;
    options.patience = 60;
    options.seconds = 60;
    options.rare = 10;
    options.at_once = at_once;
    std::vector<KernelVerdict> verdicts;
    judge_all(tests, *system_, options, [&](std::size_t number, KernelVerdict verdict) {
      EXPECT_EQ(number, verdicts.size());
      verdicts.push_back(std::move(verdict));
    });
    return verdicts;
  }

  std::vector<litmus::Test> tests_;
};

const std::string kBegin = "page x = 1\nprocess P {\n";
const std::string kOrdered = kBegin + " write x 5\n}\nalways P:x = 5\n";
const std::string kChance = kBegin +
                            " thread a {\n  write x 5\n }\n thread b {\n  read x -> r\n }\n}\n"
                            "forbidden P.b:r = 7\n";
const std::string kHangs = kBegin + " wp x\n write x 2\n}\nalways P:x = 2\n";
const std::string kSkipped = kBegin + " lock x\n}\nexists P:x = 1\n";
const std::string kFuse = kBegin +
                          " p = pin x write fast\n write x 5\n poke p.b 9\n drop p\n}\n"
                          "forbidden P:x != 5 \\/ P:x.b != 9\n";

TEST_F(ManyTests, AreToldInTheirOrderWithTheVerdictsThatEachHasAlone) {
  const std::vector<std::string> texts{kOrdered, kHangs, kChance, kSkipped,
                                       kOrdered, kFuse,  kFuse,   kChance};
  const auto alone = judge_texts(texts, 1);
  tests_.clear();
  const auto together = judge_texts(texts, 3);
  ASSERT_EQ(alone.size(), texts.size());
  ASSERT_EQ(together.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(together[i].skipped, alone[i].skipped) << texts[i];
    EXPECT_EQ(litmus::name(together[i].verdict), litmus::name(alone[i].verdict)) << texts[i];
    EXPECT_EQ(together[i].standing, alone[i].standing) << texts[i];
    EXPECT_EQ(together[i].runs, alone[i].runs) << texts[i];
  }
}

TEST_F(ManyTests, LeaveNoFilesBehind) {
  judge_texts({kFuse, kFuse}, 2);
  for (const auto& file : std::filesystem::directory_iterator(folder_))
    EXPECT_EQ(file.path().filename(), "lock");
}

}  // namespace
}  // namespace lab::kernel
