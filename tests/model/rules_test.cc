#include <set>

#include <gmock/gmock.h>

#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& text) {
  const auto rules = parse_rules(text);
  return rules ? "none" : rules.error();
}

TEST(Rules, AreListedInTheOrderOfTime) {
  EXPECT_THAT(names_of_rule_sets(),
              ElementsAre("A", "B", "C0", "C1", "C2", "D0", "D1", "E0", "E1a", "E1b", "E1c", "E1",
                          "F", "fail", "gvisor", "cleave"));
}

TEST(Rules, AllDiffer) {
  for (const RuleSet& one : rule_sets()) {
    for (const RuleSet& other : rule_sets()) {
      EXPECT_EQ(one.make().same_as(other.make()), one.name == other.name)
          << one.name << " " << other.name;
    }
  }
}

TEST(Rules, HaveTheirTextAsName) {
  EXPECT_EQ(rules_of("E1").name, "E1");
  EXPECT_EQ(rules_of("E1,swap_marker=no").name, "E1,swap_marker=no");
}

TEST(Rules, AreChangedByTurningKnobs) {
  const Rules rules = rules_of("E1,reuse_in_swapin=map,bias=4");
  EXPECT_EQ(rules.reuse_in_swapin, ReuseSwapIn::map);
  EXPECT_EQ(rules.bias, 4u);
  EXPECT_EQ(rules.reuse_small, ReuseSmall::exclusive);
  EXPECT_TRUE(rules_of("E1,reuse_in_swapin=map,reuse_in_swapin=marker").same_as(rules_of("E1")));
}

TEST(Rules, OfAnUnknownNameListTheKnownOnes) {
  EXPECT_EQ(error_of("G"),
            "there is no rule-set \"G\"; there are: A, B, C0, C1, C2, D0, D1, E0, E1a, E1b, E1c, "
            "E1, F, fail, gvisor, cleave");
  EXPECT_THAT(error_of(""), HasSubstr("there is no rule-set \"\""));
}

TEST(Rules, OfAnUnknownKnobListTheKnownOnes) {
  EXPECT_THAT(error_of("E1,reuse=map"),
              HasSubstr("there is no knob \"reuse\"; there are: reuse_small, "));
}

TEST(Rules, OfAnUnknownAnswerListTheKnownOnes) {
  EXPECT_EQ(error_of("E1,reuse_in_swapin=maps"),
            "reuse_in_swapin has no answer \"maps\"; it has: map, refs, marker");
}

TEST(Rules, WantAKnobAndAnAnswer) {
  EXPECT_EQ(error_of("E1,map"), "\"map\" is no change; write knob=answer after the rule-set");
  EXPECT_EQ(error_of("E1,"), "\"\" is no change; write knob=answer after the rule-set");
}

TEST(Rules, KeepNumbersWithinBounds) {
  for (const std::string number : {"1", "4097", "", "-3", "4x", "99999999999"}) {
    EXPECT_EQ(error_of("E1,bias=" + number),
              "bias is a number from 2 to 4096, not \"" + number + "\"");
  }
}

TEST(Knobs, HaveNamesAndAnswersOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Knob& knob : knobs()) {
    EXPECT_TRUE(names.insert(knob.name).second) << knob.name;
    EXPECT_FALSE(knob.question.empty()) << knob.name;
    const std::set<std::string_view> answers(knob.answers.begin(), knob.answers.end());
    EXPECT_EQ(answers.size(), knob.answers.size()) << knob.name;
  }
}

TEST(Knobs, GiveBackWhatWasSet) {
  for (const Knob& knob : knobs()) {
    for (std::uint32_t answer = 0; answer < knob.answers.size(); ++answer) {
      Rules rules;
      knob.set(rules, answer);
      EXPECT_EQ(knob.get(rules), answer) << knob.name;
    }
  }
}

TEST(Knobs, OfEveryRuleSetAreNamed) {
  for (const RuleSet& set : rule_sets()) {
    const Rules rules = set.make();
    for (const Knob& knob : knobs()) {
      if (!knob.answers.empty()) {
        EXPECT_LT(knob.get(rules), knob.answers.size()) << set.name << " " << knob.name;
      }
    }
  }
}

TEST(Neighbours, DifferInOneKnobAndAreReadByTheirNames) {
  const Rules e1 = rules_of("E1");
  std::size_t answers = 0;
  for (const Knob& knob : knobs()) {
    if (!knob.answers.empty()) answers += knob.answers.size() - 1;
  }
  const std::vector<Rules> all = neighbours(e1);
  EXPECT_EQ(all.size(), answers);
  for (const Rules& one : all) {
    EXPECT_FALSE(one.same_as(e1)) << one.name;
    EXPECT_TRUE(rules_of(one.name).same_as(one)) << one.name;
  }
}

TEST(Setups, TellWhatIsWrongWithThem) {
  const auto fault = [](const PageSetup& page) {
    model::Setup setup;
    setup.pages = {page};
    return setup.problem().value_or("none");
  };
  EXPECT_EQ(fault({.name = "x"}), "none");
  EXPECT_EQ(fault({.name = "x", .pages = 0}), "x has 0 pages; from 1 to 16 are possible");
  EXPECT_EQ(fault({.name = "x", .pages = 17}), "x has 17 pages; from 1 to 16 are possible");
  EXPECT_EQ(fault({.name = "x", .kind = PageKind::zero, .value = 1}),
            "x is the zero page, so it is 0");
  EXPECT_EQ(fault({.name = "x", .by_pmd = true}), "x is one page: no huge entry maps it");
  EXPECT_EQ(fault({.name = "x", .pages = 4, .swapped = true}),
            "x is huge; huge pages are split before they are swapped");
  EXPECT_EQ(fault({.name = "x", .kind = PageKind::file, .pages = 4}),
            "x is huge or swapped, and so must be anonymous");
  EXPECT_EQ(fault({.name = "x", .unmapped = true, .held = 1}),
            "x is held, so it must be in memory");
  EXPECT_EQ(fault({.name = "x", .continued = true}), "x is continued, so it must be a file's");
}

TEST(Setups, AreBoundedInPagesTimesProcesses) {
  model::Setup setup;
  setup.pages = {{.name = "x", .pages = 16}, {.name = "y", .pages = 16}};
  setup.processes = 2;
  EXPECT_EQ(setup.problem(), std::nullopt);
  setup.pages.push_back({.name = "z"});
  EXPECT_EQ(setup.problem(), "33 pages in each of 2 processes; their product can be 64 at most");
}

TEST(Setups, NumberTheirPagesInARow) {
  model::Setup setup;
  setup.pages = {{.name = "x"}, {.name = "y", .pages = 4}, {.name = "z"}};
  EXPECT_EQ(setup.first_page(1), 1u);
  EXPECT_EQ(setup.first_page(2), 5u);
  EXPECT_EQ(setup.page_count(), 6u);
}

}  // namespace
}  // namespace lab::model
