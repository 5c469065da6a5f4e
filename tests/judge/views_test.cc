#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judged.h"
#include "lab/judge/explanation.h"
#include "lab/report/data/turning_point.h"

namespace lab::judge {
namespace {

// The child keeps its reference, so that it is still there to see at the end.
const char* const kKeptLeak =
    "process P {\n fork C\n wait taken\n write x 77\n signal written\n}\n"
    "process C from P {\n p = get x\n unmap x\n signal taken\n wait written\n peek p -> r\n}";

Explanation explained(const litmus::Test& test, const std::string& rules) {
  auto explanation = explain(judged(test, rules));
  EXPECT_TRUE(explanation.has_value());
  return std::move(*explanation);
}

TEST(Views, ThereIsOneForTheStartAndOneForEachEvent) {
  const auto test = test_of(kKeptLeak, "forbidden C:r = 77");
  const Explanation explanation = explained(*test, "A");
  const auto seen = views(explanation);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->size(), explanation.example.trace.events.size() + 1);
}

TEST(Views, AWriteInPlaceIsSeenInThePageThatAReferenceStillHolds) {
  const auto test = test_of(kKeptLeak, "forbidden C:r = 77");
  const auto seen = views(explained(*test, "A"));
  ASSERT_TRUE(seen.has_value());
  const model::View& start = seen->front();
  ASSERT_EQ(start.mappings.size(), 1U);
  EXPECT_EQ(start.folios.at(0).pages.at(0).a, 1U);
  const model::View& end = seen->back();
  ASSERT_EQ(end.references.size(), 1U);
  EXPECT_EQ(end.folios.size(), 1U);  // no copy
  EXPECT_EQ(end.folios[0].pages[0].a, 77U);
}

TEST(TurningPoint, IsWhereAScheduleBecomesTheOneThatMayNotBe) {
  const auto test = test_of("process P {\n fork C\n write x 77\n}\nprocess C from P {\n exit\n}",
                            "exists copies(x) = 1");
  const Explanation explanation = explained(*test, "F");
  const auto turning = report::turning_point(explanation.example);
  const auto decision = report::last_decision(explanation.example);
  ASSERT_TRUE(turning);
  ASSERT_TRUE(decision);
  EXPECT_LE(*decision, *turning);
  EXPECT_FALSE(explanation.example.trace.events[*decision].decided.empty());
}

TEST(TurningPoint, IsNowhereWhereEveryRunEndsSo) {
  const auto test = test_of("process P {\n write x 77\n}", "exists P:x = 77");
  EXPECT_EQ(report::turning_point(explained(*test, "F").example), std::nullopt);
}

}  // namespace
}  // namespace lab::judge
