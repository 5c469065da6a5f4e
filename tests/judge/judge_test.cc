#include "lab/judge/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judged.h"
#include "lab/judge/explanation.h"

namespace lab::judge {
namespace {

using litmus::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const kRace =
    "process P {\n thread main {\n fork C\n wait pinned\n write x 5\n signal written\n }\n"
    " thread device {\n p = pin x write fast\n signal pinned\n wait written\n poke p.b 9\n }\n}\n"
    "process C from P {\n}";
const char* const kEcho = "process P {\n read x -> r\n}";

TEST(Judge, SaysAlwaysSometimesAndNever) {
  const auto leak = test_of(kLeak, "forbidden C:r = 77");
  EXPECT_EQ(judged(*leak, "A").verdict, Verdict::always);
  EXPECT_EQ(judged(*leak, "C0").verdict, Verdict::never);
  const auto race = test_of(kRace, "forbidden P:x.b = 1");
  EXPECT_EQ(judged(*race, "C0").verdict, Verdict::sometimes);
  EXPECT_EQ(judged(*race, "C1").verdict, Verdict::never);
}

TEST(Judge, CountsTheEndsWhereTheConditionHolds) {
  const auto race = test_of(kRace, "forbidden P:x.b = 1");
  const Judgement judgement = judged(*race, "C0");
  ASSERT_EQ(judgement.states.size(), 2U);
  EXPECT_EQ(judgement.states[0].text, "P:x.b=1;");
  EXPECT_TRUE(judgement.states[0].holds);
  EXPECT_EQ(judgement.states[1].text, "P:x.b=9;");
  EXPECT_EQ(judgement.positive, judgement.states[0].count);
  EXPECT_EQ(judgement.negative, judgement.states[1].count);
  EXPECT_EQ(judgement.traces, judgement.positive + judgement.negative);
  EXPECT_EQ(judgement.coverage.text(), "exhaustive");
}

TEST(Judge, SaysHangWhereThreadsWaitForEver) {
  const auto test = test_of("process P {\n wp x\n p = get x\n drop p\n unwp x\n}",
                            "always P:x = 1\nexpect B: hang");
  const Judgement hangs = judged(*test, "B");
  EXPECT_EQ(hangs.verdict, Verdict::hang);
  EXPECT_EQ(hangs.standing, Standing::expected);
  EXPECT_EQ(judged(*test, "C0").verdict, Verdict::always);
}

TEST(Judge, SaysBrokenWhereACheckOfTheRulesFails) {
  const auto test = test_of("process P {\n p = pin x\n fork C\n drop p\n}\nprocess C from P {\n}",
                            "forbidden P:x = 5");
  const Judgement broken = judged(*test, "E1,fork_pinned=none");
  EXPECT_EQ(broken.verdict, Verdict::broken);
  ASSERT_EQ(broken.failures.size(), 1U);
  EXPECT_THAT(broken.failures[0].what, HasSubstr("unpin"));
  EXPECT_EQ(judged(*test, "E1").verdict, Verdict::never);
}

TEST(Judge, PerformsWhatThreadsSay) {
  const auto test = test_of(
      "process P {\n"
      " write x.b 2\n read x.b -> r\n"
      " if r = 2 { write x 3 }\n if r != 2 { write x 4 }\n"
      " repeat 2 { p = get x\n peek p -> s\n drop p }\n"
      " swapout x -> done\n}",
      "always P:r = 2 /\\ P:s = 3 /\\ P:x = 3 /\\ P:x.b = 2 /\\ P:done = 1 /\\ swapped(P:x)");
  const Judgement judgement = judged(*test, "E1");
  EXPECT_EQ(judgement.verdict, Verdict::always) << judgement.states.front().text;
}

TEST(Judge, EndsTheThreadsOfAProcessThatIsKilled) {
  const auto test = test_of("process P {\n protect x none\n read x -> r\n write x 5\n}",
                            "always killed(P) /\\ P:r = 0");
  EXPECT_EQ(judged(*test, "E1").verdict, Verdict::always);
}

TEST(Judge, WaitsForProcessesThatEnd) {
  const auto test =
      test_of("process P {\n fork C\n wait C.exit\n read x -> r\n}\nprocess C from P {\n exit\n}",
              "always ~mapped(C:x) /\\ P:r = 1");
  EXPECT_EQ(judged(*test, "cleave").verdict, Verdict::always);
}

TEST(Expectation, IsTheClaimWhereNothingElseIsSaid) {
  const auto texts = [](const char* end) {
    return expected(*test_of(kEcho, end), variant("E1"), litmus::Memory::sc).text();
  };
  EXPECT_EQ(texts("forbidden P:r = 1"), "never");
  EXPECT_EQ(texts("always P:r = 1"), "always");
  EXPECT_EQ(texts("allowed P:r = 1"), "sometimes or always");
  EXPECT_EQ(texts("exists P:r = 1"), "nothing");
}

TEST(Expectation, IsFoundByNameRangeChangeAndMemory) {
  const auto test = test_of(kEcho,
                            "forbidden P:r = 1\n"
                            "expect A: always; C0..D0: sometimes; E1,bias=4,drop=fork.seq: hang\n"
                            "expect tso E0: broken; kernel: never");
  const auto text = [&](const char* rules, litmus::Memory memory = litmus::Memory::sc) {
    return expected(*test, variant(rules), memory).text();
  };
  EXPECT_EQ(text("A"), "always");
  EXPECT_EQ(text("B"), "never");
  EXPECT_EQ(text("C1"), "sometimes");
  EXPECT_EQ(text("D0"), "sometimes");
  EXPECT_EQ(text("E0"), "never");
  EXPECT_EQ(text("E0", litmus::Memory::tso), "broken");
  EXPECT_EQ(text("A", litmus::Memory::tso), "always") << "what is said without tso holds there too";
  EXPECT_EQ(text("E1,drop=fork.seq,bias=4"), "hang") << "in whatever order";
  EXPECT_EQ(text("C0,drop=fork.seq"), "sometimes") << "a change that no test names changes nothing";
}

TEST(Expectation, OfAnUnknownJudgeIsAFaultWithItsPlace) {
  const auto test = test_of(kEcho, "forbidden P:r = 1\nexpect A ZZ: never\nexpect A F..C0: never");
  const auto faults = check_judges(*test);
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].at.line, 8U);
  EXPECT_EQ(faults[0].at.column, 10U);
  EXPECT_THAT(faults[0].what, HasSubstr("there is no rule-set \"ZZ\"; there are: A, B, C0"));
  EXPECT_THAT(faults[1].what, HasSubstr("A is named twice"));
  EXPECT_THAT(faults[2].what, HasSubstr("write C0..F"));
}

TEST(Expectation, OfAnUnknownFenceListsThoseThatThereAre) {
  const auto test = test_of(kEcho, "forbidden P:r = 1\nexpect E1,drop=nothing: never");
  const auto faults = check_judges(*test);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_THAT(faults[0].what, HasSubstr("fork.seq"));
}

TEST(Standing, DeviatesWhereSomethingElseIsSeen) {
  const auto test = test_of(kEcho, "forbidden P:r = 1");
  EXPECT_EQ(judged(*test, "E1").standing, Standing::deviates);
}

TEST(Standing, DeviatesWhereALabelIsNeverReached) {
  const auto test = test_of("process P {\n read x -> r\n if r = 2 {\n there: write x 3\n }\n}",
                            "forbidden P:x = 3\nreach there");
  const Judgement judgement = judged(*test, "E1");
  EXPECT_EQ(judgement.standing, Standing::deviates);
  EXPECT_THAT(judgement.unreached, ElementsAre("there"));
  const auto reached = test_of("process P {\n read x -> r\n if r = 1 {\n there: write x 3\n }\n}",
                               "always P:x = 3\nreach there under E1");
  EXPECT_THAT(judged(*reached, "E1").unreached, IsEmpty());
}

TEST(Standing, IsOpenWhereTheSearchWasNotExhaustive) {
  const auto test = test_of(kRace, "forbidden P:x.b = 1");
  Effort effort;
  effort.search = explore::Search::random;
  effort.runs = 1;
  const Judgement judgement = judged(*test, "C1", explore::Memory::sc, effort);
  EXPECT_EQ(judgement.verdict, Verdict::never);
  EXPECT_EQ(judgement.standing, Standing::open);
  const auto wrong = test_of(kEcho, "forbidden P:r = 1");
  EXPECT_EQ(judged(*wrong, "E1", explore::Memory::sc, effort).standing, Standing::deviates)
      << "what was seen was seen";
}

TEST(Explanation, OfALeakEndsWithItsDecision) {
  const auto test = test_of(kLeak, "forbidden C:r = 77");
  const Judgement judgement = judged(*test, "A");
  ASSERT_TRUE(worth_explaining(judgement));
  const auto explanation = explain(judgement);
  ASSERT_TRUE(explanation.has_value()) << explanation.error().what;
  EXPECT_EQ(explanation->what, "C:r=77;");
  EXPECT_EQ(explanation->example.preemptions, 0U);
  EXPECT_EQ(explanation->example.inevitable_after, 0U);
  EXPECT_FALSE(worth_explaining(judged(*test, "C0")));
}

TEST(Explanation, CanBeMadeAgainFromItsToken) {
  const auto test = test_of(kRace, "forbidden P:x.b = 1");
  const auto explanation = explain(judged(*test, "C0"));
  ASSERT_TRUE(explanation.has_value());
  const std::string token = explanation->example.trace.token();
  const auto again = replay(*test, variant("C0"), token);
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(again->example.trace.token(), token);
  EXPECT_EQ(again->example.trace.outcome, explanation->example.trace.outcome);
  EXPECT_EQ(again->example.preemptions, explanation->example.preemptions);
  EXPECT_FALSE(replay(*test, variant("C1"), token).has_value()) << "other rules, other steps";
}

TEST(Judge, WhatIsHeldFromTheStartIsWrittenElsewhereWhereHoldsCount) {
  const auto test = litmus::parse(
      "litmus t\n\"a\"\npage x = 1 held 2\nprocess P {\n write x 5\n p = pin x write\n fork C\n"
      " drop p\n}\nprocess C from P {\n}\nforbidden P:x != 5 \\/ C:x != 5\n");
  ASSERT_TRUE(test.has_value());
  EXPECT_EQ(judged(*test, "cleave").verdict, litmus::Verdict::never);
}

}  // namespace
}  // namespace lab::judge
