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

// Also of no programs there would be nothing.
void expect_nothing_found(const Answer& answer, std::uint64_t programs_at_least = 50) {
  EXPECT_THAT(programs(answer), IsEmpty());
  EXPECT_GE(answer.programs, programs_at_least);
}

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
  expect_nothing_found(answer);
}

TEST(Hunt, KnowsThatFreshMemoryAtAFilesAddressIsNoFiles) {
  expect_nothing_found(hunted(
      {.rules = "F", .starts = "file", .words = "write,unmap,map,discard,free", .depth = 4}));
}

TEST(Hunt, FindsNothingOfWhatAHandlerSupplies) {
  const Answer answer =
      hunted({.rules = "A..F",
              .starts = "small,file,shared,hugetlb",
              .words = "write,read,fork,discard,missing,minor,uffd_copy,uffd_zeropage,"
                       "uffd_continue,swapout,exit",
              .depth = 4});
  expect_nothing_found(answer, 1000);
}

// Linux copies no entries of a file that nothing was written over.
TEST(Hunt, KnowsNotWhetherAChildHasAFilesPage) {
  spec::Promise promise((*parse_starts("file")).front()->beginning);
  promise.perform({.word = litmus::Word::fork}, 0);
  promise.perform({.word = litmus::Word::minor, .process = 1}, 0);
  EXPECT_FALSE(promise.allows({.word = litmus::Word::read, .process = 1}));
  EXPECT_TRUE(promise.allows({.word = litmus::Word::read}));
}

TEST(Hunt, KnowsThatWhatWasGivenUpMayBeGoneAfterARead) {
  spec::Promise promise((*parse_starts("small")).front()->beginning);
  promise.perform({.word = litmus::Word::free}, 0);
  promise.perform({.word = litmus::Word::read}, 0);
  promise.perform({.word = litmus::Word::missing}, 0);
  EXPECT_FALSE(promise.allows({.word = litmus::Word::read}));
  expect_nothing_found(
      hunted({.rules = "F", .words = "free,read,write,missing,swapout", .depth = 5}), 500);
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
  expect_nothing_found(answer);
}

// A huge entry that the child has got may be split before the fork comes to its second page.
TEST(Hunt, FindsNoRaceOfAForkWithASplitOfAHugePage) {
  const Answer answer = hunted({.rules = "F+E1+D1+C0",
                                .starts = "huge",
                                .depth = 0,
                                .race = "fork,split,split_pmd,swapout",
                                .before_most = 0,
                                .memories = {explore::Memory::sc, explore::Memory::tso}});
  expect_nothing_found(answer);
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
  expect_nothing_found(answer);
}

// Of two equal pages the one with the lower address gives way: each is tried in the part of each.
TEST(Hunt, TriesEachOfTwoPagesThatAreMerged) {
  const auto act = [](litmus::Word word, std::uint8_t page) {
    spec::Act one;
    one.word = word;
    one.page = page;
    return one;
  };
  const Start& two = *(*parse_starts("two")).front();
  const auto acts = next_acts(two, *parse_shapes("pin"), spec::Promise(two.beginning), 1);
  EXPECT_THAT(acts, ElementsAre(act(litmus::Word::pin, 0), act(litmus::Word::pin, 1)));
}

// Under each rule-set by itself: what another one tells apart is no reason to go on twice.
TEST(Hunt, GoesOnOnceFromEachStateOfARuleSet) {
  const char* const words = "write,fork,get,swapout,unmap";
  const Answer f = hunted({.rules = "F", .words = words});
  const Answer gvisor = hunted({.rules = "gvisor", .words = words});
  const Answer both = hunted({.rules = "F+gvisor", .words = words});
  EXPECT_EQ(both.judgements, f.judgements + gvisor.judgements);
}

TEST(Hunt, ExploresARaceOnceWhereTsoCannotShowMore) {
  const auto runs = [](const char* rules, std::vector<explore::Memory> memories) {
    return hunted({.rules = rules,
                   .depth = 0,
                   .race = "fork,pin fast,swapout",
                   .memories = std::move(memories)})
        .runs;
  };
  using explore::Memory;
  EXPECT_EQ(runs("F", {Memory::sc, Memory::tso}), runs("F", {Memory::sc}));
  EXPECT_GT(runs("E0", {Memory::sc, Memory::tso}), runs("E0", {Memory::sc}));
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
