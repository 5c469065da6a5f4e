#include "lab/kernel/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

using KernelFilm = OnThisKernel;

const model::View::Mapping& entry(const model::View& view, model::ProcessId process,
                                  model::PageNo page = 0) {
  for (const model::View::Mapping& mapping : view.mappings)
    if (mapping.process == process && mapping.page == page) return mapping;
  ADD_FAILURE() << "process " << process << " has no page " << page;
  static const model::View::Mapping none{};
  return none;
}

const model::View::Folio& folio(const model::View& view, std::uint32_t id) {
  for (const model::View::Folio& each : view.folios)
    if (each.id == id) return each;
  ADD_FAILURE() << "there is no page " << id;
  static const model::View::Folio none{0, false, {}, {}, 0, false, false, false, false, 0, {{}}};
  return none;
}

std::vector<std::string> operations(const report::Recording& recording) {
  std::vector<std::string> result;
  for (const report::Recording::Step& step : recording.steps) result.push_back(step.operation);
  return result;
}

constexpr const char* kParentWrites =
    "page x = 1\nprocess P {\n fork C\n write x 77\n signal w\n}\n"
    "process C from P {\n wait w\n read x -> r\n}\nforbidden C:r = 77\n";

TEST_F(KernelFilm, HasAStepForEachStatementThatTouchesMemory) {
  const KernelVerdict verdict = judge_text(kParentWrites);
  ASSERT_TRUE(verdict.recording);
  EXPECT_THAT(operations(*verdict.recording),
              testing::ElementsAre("fork C", "write x 77", "read x -> r"));
  EXPECT_EQ(verdict.recording->steps[2].gave, "r = 1");
  EXPECT_EQ(verdict.recording->end, "C:r=1;");
  EXPECT_EQ(verdict.runs, 20U);  // The one that is looked at does not count.
}

TEST_F(KernelFilm, ShowsAForkSharingAPageAndAWriteCopyingIt) {
  const KernelVerdict verdict = judge_text(kParentWrites);
  ASSERT_TRUE(verdict.recording);
  const model::View& start = verdict.recording->start;
  const model::View& forked = verdict.recording->steps[0].after;
  const model::View& written = verdict.recording->steps[1].after;
  const std::uint32_t first = entry(start, 0).target;
  EXPECT_EQ(entry(forked, 0).target, first);
  EXPECT_EQ(entry(forked, 1).target, first);
  EXPECT_EQ(folio(forked, first).maps, 2U);
  EXPECT_EQ(entry(written, 1).target, first);
  EXPECT_NE(entry(written, 0).target, first);
  EXPECT_EQ(folio(written, entry(written, 0).target).pages[0].a, 77U);
  EXPECT_EQ(folio(written, first).pages[0].a, 1U);
}

TEST_F(KernelFilm, ShowsTheExclusiveMarkComingAndGoing) {
  const KernelVerdict verdict = judge_text(kParentWrites);
  ASSERT_TRUE(verdict.recording);
  const auto exclusive = [](const model::View& view, model::ProcessId process) {
    return folio(view, entry(view, process).target).pages[0].exclusive;
  };
  if (exclusive(verdict.recording->start, 0) == false) GTEST_SKIP() << "older than Linux 5.19";
  EXPECT_EQ(exclusive(verdict.recording->steps[0].after, 0), false);
  EXPECT_EQ(exclusive(verdict.recording->steps[1].after, 0), true);
  EXPECT_EQ(exclusive(verdict.recording->steps[1].after, 1), false);
}

TEST_F(KernelFilm, ShowsAReferenceToAPageThatNoProcessMaps) {
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n p = get x\n unmap x\n peek p -> r\n}\nalways P:r = 1\n");
  ASSERT_TRUE(verdict.recording);
  const model::View& unmapped = verdict.recording->steps[1].after;
  EXPECT_TRUE(unmapped.mappings.empty());
  ASSERT_EQ(unmapped.references.size(), 1U);
  EXPECT_FALSE(unmapped.references[0].pin);
  EXPECT_EQ(unmapped.references[0].folio, entry(verdict.recording->start, 0).target);
  const model::View::Folio& page = folio(unmapped, unmapped.references[0].folio);
  EXPECT_EQ(page.maps, 0U);
  EXPECT_EQ(page.pages[0].a, std::nullopt);  // What is in it cannot be seen.
}

TEST_F(KernelFilm, ShowsThatAProcessHasEnded) {
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n fork C\n wait C.exit\n write x 5\n}\n"
      "process C from P {\n exit\n}\nexists P:x = 5\n");
  ASSERT_TRUE(verdict.recording);
  EXPECT_THAT(verdict.recording->steps[0].after.gone, testing::IsEmpty());
  EXPECT_THAT(verdict.recording->steps[1].after.gone, testing::ElementsAre(1U));
  EXPECT_EQ(
      folio(verdict.recording->steps[1].after, entry(verdict.recording->start, 0).target).maps, 1U);
}

TEST_F(KernelFilm, IsNotMadeWhereChanceDecides) {
  const KernelVerdict verdict = judge_text(
      "page x = 1\nprocess P {\n fork C\n write x 77\n}\n"
      "process C from P {\n write x 5\n}\nforbidden C:x = 77\n");
  EXPECT_EQ(verdict.skipped, "");
  EXPECT_FALSE(verdict.recording);
}

TEST_F(KernelFilm, IsNotMadeOfARunThatHangs) {
  patience_ = 0.5;
  const KernelVerdict verdict =
      judge_text("page x = 1\nprocess P {\n wp x\n write x 5\n}\nexists P:x = 5\n");
  if (verdict.skipped.starts_with("userfaultfd")) GTEST_SKIP() << verdict.skipped;
  EXPECT_EQ(verdict.verdict, litmus::Verdict::hang);
  EXPECT_FALSE(verdict.recording);
}

}  // namespace
}  // namespace lab::kernel
