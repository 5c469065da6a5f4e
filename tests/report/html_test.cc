#include "lab/report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../judge/judged.h"
#include "lab/judge/batch.h"

namespace lab::report {
namespace {

using Json = nlohmann::json;

class Html : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& processes, const std::string& end) {
    files_.push_back(std::make_unique<judge::TestFile>(judge::TestFile{
        name + ".litmus", name + ".litmus", name, std::move(*judge::test_of(processes, end))}));
  }

  std::string page(const std::vector<Column>& columns = {}) {
    std::vector<const litmus::Test*> tests;
    for (const auto& file : files_) tests.push_back(&file->test);
    std::vector<judge::Judgement> judgements;
    for (auto& judgement :
         judge::judge_all(judge::cases_of(tests, {judge::variant("A"), judge::variant("F")},
                                          explore::Memory::sc, false),
                          {}, 1))
      judgements.push_back(std::move(*judgement));
    auto page = html(files_, judgements, columns, {});
    if (!page) {
      ADD_FAILURE() << page.error().what;
      return {};
    }
    return std::move(*page);
  }

  // What the page's script reads.
  static Json data_of(const std::string& page) {
    const std::string begin = R"(<script type="application/json" id="data">)";
    const std::size_t from = page.find(begin) + begin.size();
    return Json::parse(page.substr(from, page.find("</script>", from) - from));
  }

  judge::TestFiles files_;
};

const char* const kWriteBoth =
    "process P {\n fork C\n write x 77\n}\nprocess C from P {\n read x -> r\n}";

TEST_F(Html, HasEachJudgementInItsTestsCells) {
  add("leak/one", kWriteBoth, "forbidden C:r = 77");
  const Json data = data_of(page());
  ASSERT_EQ(data["tests"].size(), 1U);
  ASSERT_EQ(data["tests"][0]["cells"].size(), 2U);
  EXPECT_EQ(data["tests"][0]["cells"][0]["judge"], "A");
  EXPECT_EQ(data["tests"][0]["cells"][0]["verdict"], "never");
  EXPECT_EQ(data["tests"][0]["harm"], "leak");
}

TEST_F(Html, EachRunHasAViewForEachOfItsSteps) {
  add("t", kWriteBoth, "exists C:r = 1");
  const Json data = data_of(page());
  const Json& cell = data["tests"][0]["cells"][1];
  ASSERT_TRUE(cell["run"].is_number());
  const Json& run = data["runs"][cell["run"].get<std::size_t>()];
  ASSERT_FALSE(run["steps"].empty());
  for (const Json& step : run["steps"]) EXPECT_LT(step[5].get<std::size_t>(), data["views"].size());
  EXPECT_LT(run["start"].get<std::size_t>(), data["views"].size());
}

TEST_F(Html, NothingInATestEndsTheDataEarly) {
  add("t", kWriteBoth, "exists C:r = 1");
  files_[0]->test.about = "</script><script>alert(1)</script><!-- \" \\ \xff";
  const std::string made = page();
  const Json data = data_of(made);
  const std::string about = data["tests"][0]["about"];
  EXPECT_THAT(about, testing::StartsWith("</script><script>alert(1)</script><!-- \" \\ "));
  EXPECT_THAT(made, testing::Not(testing::HasSubstr("alert(1)</script><!--")));
}

TEST_F(Html, MarksOfThePageInATestAreLeftAlone) {
  add("t", kWriteBoth, "exists C:r = 1");
  files_[0]->test.about = "/*DATA*/ /*SCRIPT*/ /*STYLE*/";
  EXPECT_EQ(data_of(page())["tests"][0]["about"], "/*DATA*/ /*SCRIPT*/ /*STYLE*/");
}

TEST_F(Html, AnotherJudgeHasAColumnOfItsOwn) {
  add("leak/one", kWriteBoth, "forbidden C:r = 77");
  add("leak/two", kWriteBoth, "forbidden C:r = 5");
  Recording recording{.pages = {"x"},
                      .processes = {"P", "C"},
                      .references = {},
                      .threads = {"P", "C"},
                      .start = {},
                      .steps = {{0, "fork C", "", {}}},
                      .end = "C:r=77;"};
  Column column{"kernel", "Linux 6.18", "the one that runs here", {}};
  column.cells.push_back({.test = &files_[0]->test,
                          .verdict = litmus::Verdict::always,
                          .standing = judge::Standing::deviates,
                          .said = "20 of 20 runs",
                          .skipped = false,
                          .ends = {{"C:r=77;", true, 20}},
                          .recording = recording});
  column.cells.push_back({.test = &files_[1]->test,
                          .verdict = litmus::Verdict::never,
                          .standing = judge::Standing::expected,
                          .said = "Not run: no root.",
                          .skipped = true,
                          .ends = {},
                          .recording = {}});
  const Json data = data_of(page({column}));
  EXPECT_EQ(data["judges"].back()["name"], "kernel");
  const Json& seen = data["tests"][0]["cells"].back();
  EXPECT_EQ(seen["judge"], "kernel");
  EXPECT_EQ(seen["verdict"], "always");
  EXPECT_EQ(seen["harm"], true);
  EXPECT_EQ(seen["standing"], "deviates");
  EXPECT_EQ(seen["states"], Json::parse(R"([["C:r=77;", 1, 20]])"));
  const Json& run = data["runs"][seen["run"].get<std::size_t>()];
  EXPECT_EQ(run["seen"], true);
  EXPECT_EQ(run["steps"].size(), 1U);
  const Json& skipped = data["tests"][1]["cells"].back();
  EXPECT_EQ(skipped["verdict"], "skipped");
  EXPECT_EQ(skipped["harm"], false);
  EXPECT_EQ(skipped["run"], nullptr);
}

}  // namespace
}  // namespace lab::report
