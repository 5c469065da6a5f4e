// What people took years to find, found with no hint.
#include <gmock/gmock.h>

#include "lab/hunt/program/canonical.h"
#include "lab/judge/files.h"
#include "lab/litmus/parse/parse.h"
#include "tests/hunt/hunted.h"

namespace lab::hunt {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(Hunt, FindsTheLeakOf2020UnderRulesThatCountMappings) {
  const Answer answer = hunted({.words = "write,fork,get,unmap"});
  EXPECT_THAT(programs(answer),
              Contains("leak small: P fork; C get x -> p; C unmap x; P write x 2"));
}

TEST(Hunt, KnowsAProgramThatTheCatalogueHas) {
  const Answer answer = hunted({.words = "write,fork,get,unmap"});
  std::vector<std::string> forms;
  for (const auto& [key, finding] : answer.findings)
    forms.push_back(canonical(*litmus::parse(finding.litmus)));
  const auto known = judge::load({"child-get-unmap"}, CLEAVE_CATALOGUE);
  EXPECT_THAT(forms, Contains(canonical(known->front()->test)));
}

TEST(Hunt, FindsThatAPinIsLostToTheForkAndWriteBeforePinsWereKept) {
  EXPECT_THAT(programs(hunted({.rules = "A", .words = "write,fork,pin"})),
              Contains("lost small: P pin x -> p; P fork; P write x 2"));
}

TEST(Hunt, FindsThePinLostBetweenProtectionAndWriteUnderC0) {
  const Answer answer =
      hunted({.rules = "C0..F", .words = "write,pin,protect ro,protect rw,swapout"});
  ASSERT_THAT(answer.findings, Not(IsEmpty()));
  for (const auto& [key, finding] : answer.findings)
    EXPECT_THAT(finding.rules, Not(Contains("F"))) << key.program;
}

TEST(Hunt, FindsTheRaceOfAForkWithAFastPinThatC0LosesAndC1DoesNot) {
  const Answer answer = hunted({.rules = "C0+C1",
                                .depth = 0,
                                .race = "fork,pin write fast",
                                .before_most = 0,
                                .memories = {explore::Memory::sc}});
  ASSERT_THAT(answer.findings, Not(IsEmpty()));
  for (const auto& [key, finding] : answer.findings)
    EXPECT_THAT(finding.rules, ElementsAre("C0")) << key.program;
}

TEST(Hunt, FindsThePinOfAPageInSwapThatC1LosesAndE1DoesNot) {
  const Answer answer = hunted({.rules = "C1+E1", .words = "write,pin,swapout", .depth = 3});
  EXPECT_THAT(programs(answer), Contains("lost small: P swapout x; P pin x -> p; P write x 2"));
  for (const auto& [key, finding] : answer.findings)
    EXPECT_THAT(finding.rules, ElementsAre("C1")) << key.program;
}

TEST(Hunt, FindsTheMissingBarrierOfE0WhereStoresAreBufferedAndOnlyThere) {
  const Asked asked{.rules = "E0+E1",
                    .depth = 0,
                    .race = "pin fast,swapout",
                    .before_most = 0,
                    .memories = {explore::Memory::sc, explore::Memory::tso}};
  const Answer answer = hunted(asked);
  ASSERT_THAT(answer.findings, Not(IsEmpty()));
  for (const auto& [key, finding] : answer.findings) {
    EXPECT_EQ(key.memory, "tso") << key.program;
    EXPECT_THAT(finding.rules, ElementsAre("E0")) << key.program;
  }
}

TEST(Hunt, FindsNothingWhereThePromisesAreKept) {
  const Answer answer = hunted({.rules = "F+E1+gvisor+cleave",
                                .starts = "small,swapped",
                                .words = "write,fork,get,pin,pin fast,poke,unmap,swapout",
                                .depth = 4});
  EXPECT_THAT(programs(answer), IsEmpty());
}

TEST(Hunt, KnowsThatFreshMemoryAtAFilesAddressIsNoFiles) {
  EXPECT_THAT(
      programs(hunted(
          {.rules = "F", .starts = "file", .words = "write,unmap,map,discard,free", .depth = 4})),
      IsEmpty());
}

TEST(Hunt, FindsNothingOfWhatAHandlerSupplies) {
  const Answer answer =
      hunted({.rules = "A..F",
              .starts = "small,file,shared,hugetlb",
              .words = "write,read,fork,discard,missing,minor,uffd_copy,uffd_zeropage,"
                       "uffd_continue,swapout,exit",
              .depth = 4});
  EXPECT_THAT(programs(answer), IsEmpty());
  EXPECT_GT(answer.programs, 1000u);
}

// Linux copies no entries of a file that nothing was written over.
TEST(Hunt, KnowsNotWhetherAChildHasAFilesPage) {
  spec::Promise promise((*parse_starts("file")).front()->beginning);
  promise.perform({.word = litmus::Word::fork}, 0);
  promise.perform({.word = litmus::Word::minor, .process = 1}, 0);
  EXPECT_FALSE(promise.allows({.word = litmus::Word::read, .process = 1}));
  EXPECT_TRUE(promise.allows({.word = litmus::Word::read}));
}

TEST(Hunt, AsksNoSystemForHandlersThatHasNone) {
  const Answer answer = hunted({.rules = "gvisor+cleave", .words = "missing,uffd_copy"});
  EXPECT_EQ(answer.programs, 0u);
}

TEST(Hunt, FindsNoRaceWhereThePromisesAreKept) {
  const Answer answer = hunted({.rules = "F+cleave",
                                .depth = 0,
                                .race = "write,fork,pin fast,unmap,swapout",
                                .memories = {explore::Memory::sc, explore::Memory::tso}});
  EXPECT_THAT(programs(answer), IsEmpty());
}

// A huge entry that the child has got may be split before the fork comes to its second page.
TEST(Hunt, FindsNoRaceOfAForkWithASplitOfAHugePage) {
  const Answer answer = hunted({.rules = "F+E1+D1+C0",
                                .starts = "huge",
                                .depth = 0,
                                .race = "fork,split,split_pmd,swapout",
                                .before_most = 0,
                                .memories = {explore::Memory::sc, explore::Memory::tso}});
  EXPECT_THAT(programs(answer), IsEmpty());
  EXPECT_EQ(answer.cut, 0u);
}

// What was split to be merged, or to go to swap, may have become large again by then.
TEST(Hunt, FindsNoRaceOfACollapseWithWhatIsDoneToSmallPages) {
  const Answer answer = hunted({.rules = "F+E1+A",
                                .starts = "huge",
                                .depth = 0,
                                .before = "split",
                                .race = "collapse,merge,swapout,migrate",
                                .memories = {explore::Memory::sc}});
  EXPECT_THAT(programs(answer), IsEmpty());
}

TEST(Hunt, TellsTwoRuleSetsApart) {
  Options options = options_of({.rules = "E1", .words = "write,fork,get,unmap,pin"});
  options.reference = judge::parse_variants("A")->front();
  EXPECT_THAT(programs(hunted(options)), Not(IsEmpty()));
  options.variants = {*options.reference};
  EXPECT_THAT(programs(hunted(options)), IsEmpty()) << "a rule-set does not differ from itself";
}

}  // namespace
}  // namespace lab::hunt
