// What is known of pages of hugetlbfs is told apart from what is not.
#include <gmock/gmock.h>

#include "tests/hunt/hunted.h"

namespace lab::hunt {
namespace {

using spec::Act;
using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

Answer races_at_hugetlb(const char* rules, const char* race) {
  return hunted({.rules = rules,
                 .starts = "hugetlb",
                 .depth = 0,
                 .race = race,
                 .memories = {explore::Memory::sc, explore::Memory::tso}});
}

TEST(Hugetlb, IsCleanInARowButForWhatIsKnown) {
  const Answer answer = hunted({.rules = "F+E1",
                                .starts = "hugetlb",
                                .words = "write,fork,get,pin,unmap,discard",
                                .depth = 5});
  EXPECT_THAT(programs(answer), IsEmpty());
  EXPECT_THAT(answer.known, Contains(Key("hugetlb-references")));
  EXPECT_THAT(answer.known, Contains(Key("hugetlb-pool")));
}

TEST(Hugetlb, IsCleanWhereTwoFaultsOfOnePageRace) {
  const Answer answer = races_at_hugetlb("A+F+E1", "write,read,pin,unmap,discard");
  for (const auto& [key, finding] : answer.findings)
    EXPECT_THAT(finding.rules, Not(Contains("F"))) << key.program;
  EXPECT_THAT(programs(races_at_hugetlb("F+E1", "write,read,pin,unmap,discard")), IsEmpty());
}

// What a plain reference has seen changes nothing in what follows; a dead process does nothing.
TEST(Hugetlb, IsTriedBehindWhatIsKnownButForADeath) {
  const auto known = [](std::uint32_t depth) {
    return hunted(
               {.rules = "F", .starts = "hugetlb", .words = "write,fork,get,unmap", .depth = depth})
        .known["hugetlb-references"];
  };
  EXPECT_GT(known(4), 0u);
  EXPECT_GT(known(5), known(4)) << "with one more word it is met again";
}

// A pin keeps what was discarded and the fork has the last page: there is none left to supply, to
// force, or to pin.
TEST(Hugetlb, IsCleanWhereAnEmptyPoolRefuses) {
  const auto found = [](const char* words) {
    const Answer answer =
        hunted({.rules = "F+E1", .starts = "hugetlb", .words = words, .depth = 5});
    EXPECT_THAT(answer.known, Contains(Key("hugetlb-pool"))) << words;
    return programs(answer);
  };
  EXPECT_THAT(found("pin,fork,discard,missing,uffd_copy"), IsEmpty());
  EXPECT_THAT(found("pin,pin write,fork,discard,poke"), IsEmpty());
}

// And what was refused is not there, whoever looks for it then.
TEST(Hugetlb, IsCleanAfterAnEmptyPoolRefused) {
  EXPECT_THAT(programs(hunted({.rules = "F",
                               .starts = "hugetlb",
                               .words = "pin,fork,discard,force,missing,read",
                               .depth = 6})),
              IsEmpty());
}

// What the model had before it let one fault of a page in at a time.
TEST(Hugetlb, KillsWhereTwoFaultsOfOnePageEachTakeAPage) {
  EXPECT_THAT(programs(races_at_hugetlb("F,drop=hugetlb.one_fault", "write")),
              Contains("killed hugetlb: P fork; {C write x 2 || C write x 3}"));
}

TEST(Hugetlb, IsNoExcuseForAPin) {
  const Answer answer = hunted(
      {.rules = "C0", .starts = "hugetlb", .words = "write,fork,pin write,poke", .depth = 4});
  EXPECT_THAT(programs(answer), Contains(testing::HasSubstr("P pin write x -> p; P fork")));
}

Act act(litmus::Word word, std::uint8_t process = 0, std::uint8_t reference = 0) {
  Act one;
  one.word = word;
  one.process = process;
  one.reference = reference;
  return one;
}

bool short_after(std::initializer_list<Act> acts) {
  const auto starts = parse_starts("hugetlb");
  spec::Promise promise(starts->front()->beginning);
  for (const Act& each : acts) {
    EXPECT_TRUE(promise.allows(each));
    promise.perform(each, 2);
  }
  return promise.pool_was_short();
}

TEST(Hugetlb, PoolOfTwoIsEnoughForTwoProcesses) {
  using litmus::Word;
  EXPECT_FALSE(short_after({act(Word::fork), act(Word::write), act(Word::write, 1)}));
  EXPECT_FALSE(short_after({act(Word::pin), act(Word::fork)})) << "the pin has its owner's page";
  EXPECT_TRUE(short_after({act(Word::get), act(Word::fork)}));
  EXPECT_TRUE(short_after({act(Word::pin), act(Word::fork), act(Word::discard)}))
      << "the pin keeps what was discarded";
  EXPECT_FALSE(short_after({act(Word::fork), act(Word::unmap, 1), act(Word::map, 1),
                            act(Word::get, 1), act(Word::write)}))
      << "what is mapped anew comes from no pool";
}

// What a program that performs these acts shows, if this was seen of it.
spec::Known known_of(const std::vector<Act>& acts, const spec::Observation& seen) {
  spec::Promise promise((*parse_starts("hugetlb")).front()->beginning);
  spec::Value value = 2;
  for (const Act& each : acts) promise.perform(each, spec::writes(each) ? value++ : spec::Value{0});
  const auto breaches = spec::breaches(promise, seen);
  EXPECT_THAT(breaches, Not(IsEmpty()));
  return breaches.empty() ? spec::Known::no : breaches.front().known;
}

TEST(Hugetlb, PoolIsNoExcuseForADeathElsewhere) {
  using litmus::Word;
  spec::Observation seen;
  seen.peek.fill(spec::Observation::kNothing);
  seen.value = {{{1, 0}, {0, 0}}};
  seen.killed[1] = true;
  const std::vector<Act> apart = {act(Word::get), act(Word::fork), act(Word::unmap, 1)};
  EXPECT_EQ(known_of(apart, seen), spec::Known::no) << "it has no page of the pool";
  EXPECT_EQ(known_of({act(Word::get), act(Word::fork)}, seen), spec::Known::hugetlb_pool);
  EXPECT_EQ(
      known_of({act(Word::get), act(Word::fork), act(Word::write, 1), act(Word::unmap, 1)}, seen),
      spec::Known::hugetlb_pool)
      << "it wrote before";
}

TEST(Hugetlb, ReferencesSeeNoOthersWritesButOfTheOtherProcess) {
  using litmus::Word;
  spec::Observation seen;
  seen.peek.fill(spec::Observation::kNothing);
  seen.peek[0] = 2;
  seen.value = {{{2, 0}, {1, 0}}};
  EXPECT_EQ(known_of({act(Word::fork), act(Word::get, 1), act(Word::write)}, seen),
            spec::Known::hugetlb_references);
  seen.value = {{{2, 0}, {0, 0}}};
  EXPECT_EQ(known_of({act(Word::get), act(Word::discard), act(Word::write)}, seen), spec::Known::no)
      << "its own process wrote elsewhere";
}

}  // namespace
}  // namespace lab::hunt
