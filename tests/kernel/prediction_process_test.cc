#include "lab/kernel/prediction_process.h"

#include <gtest/gtest.h>

#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

const std::string kAsks =
    "page x = 1\nprocess P {\n thread a {\n  write x 5\n }\n thread b {\n  read x -> r\n }\n}\n"
    "exists P.b:r = 5\n";
const std::string kSaid =
    "page x = 1\nprocess P {\n write x 5\n}\nforbidden P:x = 5\nexpect kernel: always\n";

void expect_same(const Prediction& one, const Prediction& other) {
  EXPECT_EQ(one.expected.text(), other.expected.text());
  EXPECT_EQ(one.ends, other.ends);
  EXPECT_EQ(one.uncompared, other.uncompared);
}

TEST(PredictionText, SaysTheSameWhenItIsReadAgain) {
  using litmus::Verdict;
  for (const Prediction& prediction : {
           Prediction{},
           Prediction{{{Verdict::never}}, std::nullopt, {}},
           Prediction{{{Verdict::sometimes, Verdict::always}}, {{"P:r=1;", "P:r=2;"}}, {}},
           Prediction{{{Verdict::hang}}, std::vector<std::string>(), {}},
           Prediction{{}, std::nullopt, "the search of F ended after 2 s"},
       })
    expect_same(prediction_from(written(prediction)), prediction);
}

class PredictionsAhead : public OnThisKernel {};

TEST_F(PredictionsAhead, AreThoseThatTheModelGivesInWhateverOrderTheyAreAskedFor) {
  const litmus::Test asks = test_of(kAsks), said = test_of(kSaid);
  PredictionProcess process({&asks, &said});
  expect_same(process.of(said), prediction_of(said, litmus::Memory::sc));
  expect_same(process.of(asks), prediction_of(asks, litmus::Memory::sc));
  EXPECT_EQ(process.of(asks).expected.text(), "sometimes");
}

TEST_F(PredictionsAhead, AreFoundWhereTheProcessWasNotAskedFor) {
  const litmus::Test asks = test_of(kAsks), said = test_of(kSaid);
  PredictionProcess process({&said});
  expect_same(process.of(asks), prediction_of(asks, litmus::Memory::sc));
}

}  // namespace
}  // namespace lab::kernel
