#include "lab/kernel/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lab/kernel/readiness.h"
#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

using KernelJudge = OnThisKernel;

TEST_F(KernelJudge, AChildDoesNotSeeWhatItsParentWritesLater) {
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n fork C\n write x 77\n signal w\n}\n"
      "process C from P {\n wait w\n read x -> r\n}\nforbidden C:r = 77\n");
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::never);
  EXPECT_EQ(verdict.standing, Standing::agrees);
  EXPECT_EQ(verdict.runs, 20U);
}

TEST_F(KernelJudge, WhatTheRulesDenyIsAFinding) {
  // A true end, which the test claims never to be.
  const KernelVerdict verdict =
      judge_text("page x = 1\nprocess P {\n write x 5\n}\nforbidden P:x = 5\n");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::always);
  EXPECT_EQ(verdict.standing, Standing::finding);
}

TEST_F(KernelJudge, WhatIsSaidOfTheKernelGoesBeforeTheRules) {
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n write x 5\n}\nforbidden P:x = 5\nexpect kernel: always\n");
  EXPECT_EQ(verdict.standing, Standing::agrees);
  EXPECT_TRUE(verdict.expected_failure);
}

TEST_F(KernelJudge, WhatTheRulesDoAgainstTheTestsClaimTheKernelIsExpectedToDo) {
  const std::string begin = "page x = 1\nprocess P {\n write x 5\n}\n";
  EXPECT_TRUE(judge_text(begin + "always P:x = 1\nexpect F: never\n").expected_failure);
  EXPECT_FALSE(judge_text(begin + "always P:x = 5\n").expected_failure);
  EXPECT_FALSE(judge_text(begin + "exists P:x = 5\nexpect F: always\n").expected_failure);
}

TEST_F(KernelJudge, AReferenceSeesTheSharedPageAndAPinItsOwn) {
  const std::string rest =
      "\n write x 5\n peek p -> r\n drop p\n}\nprocess C from P {\n}\nexists P:r = 1\n";
  const std::string begin = "page x = 1\nprocess P {\n fork C\n p = ";
  EXPECT_EQ(judge_text(begin + "get x" + rest).verdict, litmus::Verdict::always);
  EXPECT_EQ(judge_text(begin + "pin x" + rest).verdict, litmus::Verdict::never);
}

TEST_F(KernelJudge, DevicesWriteThroughEveryKindOfPinToWrite) {
  for (const char* how : {"write", "write long", "write fast"}) {
    const KernelVerdict verdict =
        judge_text(std::string("page x = 1\nprocess P {\n p = pin x ") + how +
                   "\n write x 5\n poke p.b 9\n drop p\n}\nforbidden P:x != 5 \\/ P:x.b != 9\n");
    if (verdict.skipped.starts_with("FUSE")) continue;
    EXPECT_EQ(verdict.skipped, "") << how;
    EXPECT_EQ(verdict.verdict, litmus::Verdict::never) << how;
  }
}

TEST_F(KernelJudge, AWriteWhereNothingIsMappedKillsTheProcess) {
  EXPECT_EQ(
      judge_text("page x = 1\nprocess P {\n unmap x\n write x 5\n}\nalways killed(P)\n").standing,
      Standing::agrees);
}

TEST_F(KernelJudge, ARunThatWaitsForEverHangsAndSaysWhere) {
  // Nobody serves the write protection.
  const KernelVerdict verdict =
      judge_text("page x = 1\nprocess P {\n wp x\n write x 5\n}\nexists P:x = 5\n");
  if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::hang);
  EXPECT_EQ(verdict.hangs_at, "P at \"write x 5\"");
}

TEST_F(KernelJudge, WhatOnlyTheModelSeesIsSkippedWithItsReason) {
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n lock x\n}\nexists P:x = 1\n").skipped,
              testing::HasSubstr("only the model sees"));
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n p = get x write\n}\nexists P:x = 1\n").skipped,
              testing::HasSubstr("plain reference to write"));
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n p = pin x\n}\nexists pinned(P:x)\n").skipped,
              testing::HasSubstr("only the model sees"));
}

}  // namespace
}  // namespace lab::kernel
