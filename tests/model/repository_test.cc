// The protocol of images: nothing that a ref or a lease needs is ever lost, whoever dies when; and
// each of its rules is needed for that.
#include <gtest/gtest.h>

#include "lab/explore/search/explorer.h"
#include "lab/repository/protocol.h"

namespace lab::repository {
namespace {

explore::Result explored(const Shape& shape, const explore::Options& options = {}) {
  auto result = explore::explore([shape] { return std::make_unique<Protocol>(shape); }, options);
  EXPECT_TRUE(result) << result.error().what;
  return *result;
}

void expect_safe(const Shape& shape) {
  const explore::Result result = explored(shape);
  EXPECT_EQ(result.coverage.text(), "exhaustive");
  testing::Test::RecordProperty("traces", static_cast<int>(result.traces));
  for (const explore::Failure& failure : result.failures) ADD_FAILURE() << failure.what;
}

// Whether some schedule of some shape loses something without the rule.
bool is_lost_without(const char* rule, const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    const auto result = explored(shape, {.drop = {rule}, .stop_at_failure = true});
    if (!result.failures.empty()) return true;
  }
  return false;
}

// A push that needs what lies there as garbage, or in part.
const Shape kReuse{.pushes = {{0, 0b011}}, .packs = {0b001, 0b100}, .refs = {0b100, 0}};
const Shape kTwoRefs{.pushes = {{0, 0b01}, {1, 0b10}}, .packs = {0b01}, .rounds = 1};
const Shape kThreeRounds{.pushes = {{0, 0b01}}, .packs = {0b01}, .rounds = 3, .tries = 1};
const Shape kTwoCollectors{.pushes = {{0, 0b01}}, .packs = {0b01}, .collectors = 2, .tries = 1};
const Shape kReader{
    .pushes = {{0, 0b10}}, .packs = {0b01, 0b10}, .refs = {0b01, 0}, .tries = 1, .reader = true};
const Shape kDuplicates{.packs = {0b11, 0b01, 0b11}, .refs = {0b01, 0}, .tries = 1};
const Shape kRewrites{
    .pushes = {{1, 0b10}}, .packs = {0b11}, .refs = {0b01, 0}, .tries = 1, .rewrites = true};

TEST(Repository, LosesNothingThatAPushReuses) { expect_safe(kReuse); }
TEST(Repository, LosesNothingOfTwoRefs) { expect_safe(kTwoRefs); }
TEST(Repository, LosesNothingToThreeRounds) { expect_safe(kThreeRounds); }
TEST(Repository, LosesNothingToTwoCollectors) { expect_safe(kTwoCollectors); }
TEST(Repository, LosesNothingThatIsLeased) { expect_safe(kReader); }
TEST(Repository, LosesNothingThatLiesTwice) { expect_safe(kDuplicates); }
TEST(Repository, LosesNothingThatIsRewritten) { expect_safe(kRewrites); }

// Seconds: many orders. A rule that is left out is found out much sooner.
const Shape kTakenBack{
    .pushes = {{0, 0b01}}, .packs = {0b01}, .collectors = 2, .rounds = 3, .tries = 1};

TEST(Repository, NeedsEachOfItsRules) {
  const std::vector<Shape> shapes{kReuse,  kTwoRefs,    kThreeRounds, kTwoCollectors,
                                  kReader, kDuplicates, kRewrites,    kTakenBack};
  for (const char* rule : kNeeded) EXPECT_TRUE(is_lost_without(rule, shapes)) << rule;
}

}  // namespace
}  // namespace lab::repository
