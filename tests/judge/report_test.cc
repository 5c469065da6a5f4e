#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "judged.h"
#include "lab/judge/batch.h"
#include "lab/report/counterexample.h"
#include "lab/report/json.h"
#include "lab/report/log.h"
#include "lab/report/table.h"

namespace lab::judge {
namespace {

using testing::HasSubstr;
using testing::Not;

// Two tests, the second of which expects something wrong of E1.
class Report : public testing::Test {
 protected:
  Report() {
    add("leak/first", "process P {\n read x -> r\n}", "forbidden P:r = 2");
    add("waste/second-with-a-rather-long-name", "process P {\n read x -> r\n}",
        "always P:r = 1\nexpect E1: never; cleave: -\nexpect tso A: always");
    std::vector<const litmus::Test*> tests;
    for (const auto& file : files_) tests.push_back(&file->test);
    for (auto& judgement :
         judge_all(cases_of(tests, all_variants(), explore::Memory::sc, true), {}, 1))
      judgements_.push_back(std::move(*judgement));
  }

  void add(const std::string& name, const std::string& processes, const std::string& end) {
    files_.push_back(std::make_unique<TestFile>(
        TestFile{name + ".litmus", name + ".litmus", name, std::move(*test_of(processes, end))}));
  }

  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  TestFiles files_;
  std::vector<Judgement> judgements_;
};

TEST_F(Report, TableHasARowATestAndAColumnARuleSet) {
  const auto lines = lines_of(report::table(files_, judgements_, {}));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], HasSubstr(" A  B  C0 C1 C2 D0 D1 E0 E1a E1b E1c E1 F  fail gvisor cleave"));
  EXPECT_THAT(lines[1], HasSubstr("leak/first "));
  EXPECT_THAT(lines[1], HasSubstr(" .  .  .  .  .  .  .  .  .   .   .   .  .  .    .      ."));
  EXPECT_THAT(lines[2], HasSubstr(" X  X  X  X  X  X  X  X  X   X   X   X! X  X    X      -"));
  EXPECT_THAT(lines[3], HasSubstr("not as expected"));
}

TEST_F(Report, TableGoesBelowItselfWhereTheTerminalIsNarrow) {
  for (const std::size_t width : {30U, 40U, 60U}) {
    const auto lines =
        lines_of(report::table(files_, judgements_, {.colour = false, .width = width}));
    EXPECT_GT(lines.size(), 4U);
    for (std::size_t i = 0; i + 1 < lines.size(); ++i)
      EXPECT_LE(lines[i].size(), width) << lines[i];
    std::size_t marks = 0;
    for (const std::string& line : lines) marks += line.find("X!") != std::string::npos ? 1 : 0;
    EXPECT_EQ(marks, 1U);
  }
}

TEST_F(Report, ColoursOnlyWhereItIsAskedTo) {
  EXPECT_THAT(report::table(files_, judgements_, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(report::table(files_, judgements_, {.colour = true, .width = 100}),
              HasSubstr("\x1b[1;31mX!"));
}

TEST_F(Report, TellsWhatDeviatesAndHowToSeeMore) {
  const std::string text = report::deviations(files_, judgements_, {});
  EXPECT_THAT(text,
              HasSubstr("! waste/second-with-a-rather-long-name  E1: always, NOT as expected: "
                        "never"));
  EXPECT_THAT(text,
              HasSubstr("cleave litmus waste/second-with-a-rather-long-name.litmus --rules E1"));
  EXPECT_THAT(text, Not(HasSubstr("leak/first")));
}

TEST_F(Report, LinesTellEachJudgement) {
  const auto lines = lines_of(report::lines(files_, judgements_, {}));
  EXPECT_EQ(lines.size(), judgements_.size());
  EXPECT_THAT(lines[0], HasSubstr("leak/first"));
  EXPECT_THAT(lines[0], HasSubstr("never     as expected  1 run, "));
  EXPECT_THAT(lines.back(), HasSubstr("A tso")) << "what only the test asks for comes last";
}

TEST_F(Report, SummaryCountsWhatIsNotAsExpected) {
  const std::string text = report::summary(files_, judgements_, 1.5);
  EXPECT_THAT(text, HasSubstr("2 tests, 32 judgements: 1 not as expected"));
  EXPECT_THAT(text, HasSubstr("all searches exhaustive; 1.5 s"));
}

TEST_F(Report, LogIsLaidOutAsHerdsAre) {
  const std::string text = report::log(judgements_.front(), explore::Search::dpor, {});
  EXPECT_THAT(text, testing::StartsWith("Test t Forbidden\n"));
  EXPECT_THAT(text, HasSubstr("Rules A  Memory sc  Search dpor (exhaustive)\n"));
  EXPECT_THAT(text, HasSubstr("States 1\n1       :> P:r=1;\n"));
  EXPECT_THAT(text, HasSubstr("Witnesses\nPositive: 0 Negative: 1\n"));
  EXPECT_THAT(text, HasSubstr("Condition forbidden (P:r = 2)\n"));
  EXPECT_THAT(text, HasSubstr("Observation t Never 0 1\n"));
  EXPECT_THAT(text, HasSubstr("Expected never  Ok\n"));
}

TEST_F(Report, JsonHasEverything) {
  const auto all = report::json(files_, judgements_, explore::Search::dpor, 1.5);
  EXPECT_EQ(all["version"], 1);
  EXPECT_EQ(all["search"], "dpor");
  EXPECT_EQ(all["summary"]["deviate"], 1);
  EXPECT_EQ(all["summary"]["as_expected"], 31);
  ASSERT_EQ(all["tests"].size(), 2U);
  const auto& test = all["tests"][1];
  EXPECT_EQ(test["name"], "waste/second-with-a-rather-long-name");
  EXPECT_EQ(test["condition"], "P:r = 1");
  const auto& judgement = test["judgements"][11];
  EXPECT_EQ(judgement["rules"], "E1");
  EXPECT_EQ(judgement["verdict"], "always");
  EXPECT_EQ(judgement["expected"], nlohmann::ordered_json::array({"never"}));
  EXPECT_EQ(judgement["standing"], "deviates");
  EXPECT_EQ(judgement["states"][0]["state"], "P:r=1;");
  EXPECT_TRUE(judgement["exhaustive"]);
}

TEST(Counterexample, IsShownThreadBesideThread) {
  const auto test = test_of(
      "process P {\n fork C\n wait taken\n write x 77\n signal written\n}\n"
      "process C from P {\n p = get x\n unmap x\n signal taken\n wait written\n peek p -> r\n drop "
      "p\n}",
      "forbidden C:r = 77");
  const auto explanation = explain(judged(*test, "A"));
  ASSERT_TRUE(explanation.has_value());
  const std::string shown = report::text(*explanation, {}, false);
  EXPECT_THAT(shown, HasSubstr("A run that ends with C:r=77;  (0 preemptions, 21 steps)"));
  EXPECT_THAT(shown, testing::ContainsRegex("\n        P +C\n"));
  EXPECT_THAT(shown, HasSubstr("> reuse: map+swap is 1"));
  EXPECT_THAT(shown, HasSubstr("that does not matter")) << "the drop is folded";
  EXPECT_THAT(shown, HasSubstr("Every run ends so."));
  EXPECT_THAT(shown,
              testing::ContainsRegex("last decision before that: step [0-9]+, P, write x 77: "
                                     "\"reuse: map.swap is 1\""));
  for (const std::size_t width : {40U, 80U, 200U}) {
    const std::string narrow = report::text(*explanation, {.colour = false, .width = width}, true);
    EXPECT_THAT(narrow, HasSubstr("fork C"));
  }
}

}  // namespace
}  // namespace lab::judge
