#include "lab/kernel/judge.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/judge/judge.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/litmus/vocabulary.h"
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

TEST_F(KernelJudge, WhatTheTestDeniesTheKernelIsAFinding) {
  // A true end, which the test says the kernel never comes to.
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n write x 5\n}\nforbidden P:x = 5\nexpect kernel: never\n");
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
  // No thread serves the write protection.
  patience_ = 0.5;
  const KernelVerdict verdict =
      judge_text("page x = 1\nprocess P {\n wp x\n write x 5\n}\nexists P:x = 5\n");
  if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::hang);
  EXPECT_EQ(verdict.hangs_at, "P at \"write x 5\"");
}

// Patience is a minute, and it does not go by: the kernel says that the threads sleep for ever.
TEST_F(KernelJudge, AHangIsKnownAsSoonAsNoThreadCanGoOn) {
  const std::string begin = "page x = 1\npage y unmapped\nprocess P {\n";
  const std::string tests[] = {
      begin + " wp x\n write x 2\n}\nalways P:x = 2\n",
      begin +
          " thread main {\n  wp x\n  write x 2\n }\n"
          " thread handler {\n  serve x\n  discard x\n }\n}\nalways P:x = 2\n",
      begin +
          " thread main {\n  wp x\n  map y\n  missing y\n  write x 2\n  read y -> r\n }\n"
          " thread handler {\n  serve y\n  unwp x\n }\n}\nalways P:x = 2\n",
      begin +
          " fork C\n wait C.exit\n}\nprocess C from P {\n wp x\n write x 2\n exit\n}\n"
          "always P:x = 1\n",
  };
  for (const std::string& test : tests) {
    const auto start = std::chrono::steady_clock::now();
    const KernelVerdict verdict = judge_text(test);
    if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
    EXPECT_EQ(verdict.skipped, "") << test;
    EXPECT_EQ(verdict.verdict, litmus::Verdict::hang) << test;
    EXPECT_EQ(verdict.standing, Standing::agrees) << test;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(45)) << test;
  }
}

TEST_F(KernelJudge, RunsThatChanceDecidesEndWhenTheyHaveShownWhatIsNotTooRare) {
  litmus::Test test = test_of(
      "page x = 1\nprocess P {\n thread a {\n  write x 5\n }\n thread b {\n  read x -> r\n }\n}\n"
      "forbidden P.b:r = 7\n");
  Options options;
  options.rare = 5;
  options.seconds = 60;
  const KernelVerdict verdict = judge(test, *system_, options);
  EXPECT_EQ(verdict.runs, runs_to_see(5));
  ASSERT_TRUE(verdict.unseen_below.has_value());
  EXPECT_LE(*verdict.unseen_below, 1 / 5.0);
}

// A handler reads whatever fault is next. One that it was not waiting for is another's.
TEST_F(KernelJudge, HandlersOfSeveralPagesHearEachOfItsOwn) {
  const KernelVerdict verdict = judge_text(
      "page x unmapped\npage y unmapped\nprocess P {\n"
      " thread main {\n  map x\n  map y\n  missing x\n  wp y\n  missing y\n"
      "  signal registered\n  read x -> r\n  read y -> s\n }\n"
      " thread one {\n  wait registered\n  serve x\n  uffd_copy x 5\n }\n"
      " thread other {\n  wait registered\n  serve y\n  uffd_copy y 6 wp\n }\n"
      "}\nalways P:r = 5 /\\ P:s = 6 /\\ wp(P:y)\n");
  if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::always);
  EXPECT_EQ(verdict.standing, Standing::agrees);
}

// What lies there is read when all threads have ended: no handler is left to be asked.
TEST_F(KernelJudge, WhatIsMissingInTheEndIsReadAllTheSame) {
  const KernelVerdict verdict =
      judge_text("page x = 1\nprocess P {\n missing x\n discard x\n}\nalways P:x = 0\n");
  if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.standing, Standing::agrees);
}

TEST_F(KernelJudge, WhatKernelAndRulesBothRefuseOnTheWayIsCompared) {
  const KernelVerdict verdict = judge_text(
      "page x = 1 shared\nprocess P {\n wipeonfork x\n fork C\n}\n"
      "process C from P {\n read x -> r\n}\nforbidden C:r = 0\n");
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.standing, Standing::agrees);
  EXPECT_EQ(verdict.runs, 20U);
}

// x is shared, so that the whole group is reclaimed: y would be dropped, which was not asked for.
TEST_F(KernelJudge, WhatAnotherProcessGaveUpIsLeftAlone) {
  const std::string rest =
      "\n signal out\n wait C.exit\n}\n"
      "process C from P {\n write y 2\n free y\n signal freed\n wait out\n read y -> r\n exit\n}\n";
  const std::string begin = "page x = 1\npage y = 1\nprocess P {\n fork C\n wait freed\n swapout x";
  for (const KernelVerdict& verdict : {judge_text(begin + rest + "always C:r = 2\n"),
                                       judge_text(begin + " -> s" + rest + "always P:s = 1\n")}) {
    EXPECT_NE(verdict.standing, Standing::finding);
    EXPECT_NE(verdict.skipped, "");
  }
}

TEST_F(KernelJudge, WhereTheTestAsksForTheRefusalItIsObserved) {
  const KernelVerdict verdict = judge_text(
      "page x = 1 shared\nprocess P {\n wipeonfork x -> done\n}\nforbidden P:done = 0\n");
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.standing, Standing::agrees) << "the model refuses it, too";
}

// As in a container: io_uring may pin no page for long.
class WithoutLockedMemory {
 public:
  WithoutLockedMemory() {
    getrlimit(RLIMIT_MEMLOCK, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &none);
    change([](std::uint32_t& effective) { effective &= ~(1U << CAP_IPC_LOCK); });
  }
  ~WithoutLockedMemory() {
    change([](std::uint32_t& effective) { effective |= 1U << CAP_IPC_LOCK; });
    setrlimit(RLIMIT_MEMLOCK, &before_);
  }
  WithoutLockedMemory(const WithoutLockedMemory&) = delete;
  WithoutLockedMemory& operator=(const WithoutLockedMemory&) = delete;

 private:
  template <typename How>
  static void change(How how) {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    EXPECT_EQ(syscall(SYS_capget, &head, sets.data()), 0);
    how(sets[0].effective);
    EXPECT_EQ(syscall(SYS_capset, &head, sets.data()), 0);
  }
  rlimit before_{};
};

TEST_F(KernelJudge, WhereNoProcessMayPinNothingIsSaidOfPins) {
  const WithoutLockedMemory here;
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n p = pin x write long\n write x 5\n peek p -> r\n drop p\n}\n"
      "forbidden P:r = 1\n");
  EXPECT_THAT(verdict.skipped, testing::HasSubstr("io_uring"));
  EXPECT_THAT(verdict.skipped, testing::HasSubstr("Cannot allocate memory"));
}

// No run is no answer, whatever the rules say of the test.
TEST_F(KernelJudge, ATestThatCannotGoOnIsSkippedWithItsReason) {
  const WithoutLockedMemory here;
  const std::string begin = "page x = 1\nprocess P {\n p = pin x write long\n write x 5\n}\n";
  for (const char* claim : {"always P:x = 5\n", "forbidden P:x = 5\n", "exists P:x = 5\n"})
    EXPECT_THAT(judge_text(begin + claim).skipped, testing::HasSubstr("io_uring")) << claim;
}

TEST_F(KernelJudge, APinOfWhatIsNotMappedIsRefusedAndThatIsAnAnswer) {
  for (const char* how : {"get x", "pin x", "pin x write", "pin x write long", "pin x fast"}) {
    const KernelVerdict verdict =
        judge_text(std::string("page x = 1\nprocess P {\n unmap x\n p = ") + how +
                   "\n map x\n write x 5\n}\nforbidden ~coherent(p)\n");
    EXPECT_EQ(verdict.skipped, "") << how;
    EXPECT_EQ(verdict.standing, Standing::agrees) << how;
  }
}

TEST_F(KernelJudge, AWriteToTheZeroPageCopiesNothing) {
  const KernelVerdict verdict =
      judge_text("page x zero\nprocess P {\n write x 5\n}\nforbidden copies(x) >= 1\n");
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_EQ(verdict.verdict, litmus::Verdict::never);
}

TEST_F(KernelJudge, AConditionMeansWhatItMeansToTheModel) {
  const std::string child = "process C from P {\n}\n";
  const std::string fork = "process P {\n fork C\n}\n" + child;
  const std::string pin = "process P {\n p = pin x write\n ";
  const std::string tests[] = {
      "page x = 1\npage y unmapped\n" + pin + "move x y\n}\nexists coherent(p)\n",
      "page x = 1\n" + pin + "unmap x\n}\nexists coherent(p)\n",
      "page x = 1\n" + pin + "unmap x\n map x\n}\nexists coherent(p)\n",
      "page x = 1\n" + pin + "unmap x\n map x\n write x 5\n}\nexists coherent(p)\n",
      "page x = 1\n" + pin + "discard x\n write x 5\n}\nexists coherent(p)\n",
      "page x = 1\nprocess P {\n fork C\n p = get x\n write x 5\n}\n" + child +
          "exists coherent(p)\n",
      "page x = 1\n" + fork + "exists same(P:x, C:x)\n",
      "page x = 1 shared\n" + fork + "exists same(P:x, C:x)\n",
      "page x = 1 shared\nprocess P {\n fork C\n}\nprocess C from P {\n discard x\n}\n"
      "exists same(P:x, C:x)\n",
      "page x = 1 file\n" + fork + "exists same(P:x, C:x)\n",
      "page x zero\n" + fork + "exists same(P:x, C:x)\n",
      "page x = 1 file\nprocess P {\n fork C\n}\nprocess C from P {\n write x 5\n}\n"
      "exists copies(x) = 1\n",
      "huge x[2] = 1\n" + fork + "exists same(P:x[1], C:x[1])\n",
      "huge x[2] = 1\nprocess P {\n fork C\n write x[1] 5\n collapse x\n}\n" + child +
          "exists copies(x) = 3\n",
  };
  for (const std::string& test : tests) {
    const KernelVerdict seen = judge_text(test);
    const auto modelled = judge::judge(test_, judge::parse_variants(kernel_rules())->front(),
                                       explore::Memory::sc, {});
    ASSERT_TRUE(modelled.has_value());
    if (seen.skipped.starts_with("huge folios")) continue;
    EXPECT_EQ(seen.skipped, "") << test;
    EXPECT_EQ(litmus::name(seen.verdict), litmus::name(modelled->verdict)) << test;
  }
}

TEST_F(KernelJudge, EndsThatAreTooManyToListAreCountedAllTheSame) {
  std::string writer, reader, condition = "always P:x = 40";
  for (int i = 1; i <= 40; ++i) writer += " write x " + std::to_string(i) + '\n';
  for (int i = 0; i < 12; ++i) {
    reader += " read x -> r" + std::to_string(i) + '\n';
    condition += " /\\ P.b:r" + std::to_string(i) + " != 99";
  }
  const KernelVerdict verdict =
      judge_text("page x\nprocess P {\n thread a {\n" + writer + " }\n thread b {\n" + reader +
                 " }\n}\n" + condition + '\n');
  std::uint64_t listed = 0;
  for (const Observed& end : verdict.ends) listed += end.count;
  EXPECT_LE(verdict.ends.size(), kEnds);
  EXPECT_EQ(verdict.runs, listed + verdict.unclear);
  EXPECT_EQ(verdict.verdict, litmus::Verdict::always);
}

TEST_F(KernelJudge, AShortPinOfDirectTransferIsUsedAsFarAsItGoes) {
  const auto skipped = [&](const std::string& body) {
    return judge_text("page x = 1\nprocess P {\n" + body + "}\nexists P:x = 1\n").skipped;
  };
  EXPECT_THAT(skipped(" p = pin x fast\n peek p.a -> r\n peek p.b -> s\n drop p\n"),
              testing::HasSubstr("looked through once"));
  EXPECT_THAT(skipped(" p = pin x write fast\n poke p 5\n write x.b 2\n drop p\n"),
              testing::HasSubstr("its drop must be next"));
}

TEST_F(KernelJudge, WhatOnlyTheModelSeesIsSkippedWithItsReason) {
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n lock x\n}\nexists P:x = 1\n").skipped,
              testing::HasSubstr("only the model sees"));
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n p = get x write\n}\nexists P:x = 1\n").skipped,
              testing::HasSubstr("plain reference to write"));
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n thread a {\n discard x\n }\n"
                         " thread b {\n write x 2\n }\n}\nexists copies(x) = 1\n")
                  .skipped,
              testing::HasSubstr("only the model sees"));
  EXPECT_THAT(judge_text("page x = 1\nprocess P {\n p = pin x\n}\nexists pinned(P:x)\n").skipped,
              testing::HasSubstr("only the model sees"));
}

}  // namespace
}  // namespace lab::kernel
