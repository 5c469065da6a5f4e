// Whether the catalogue would notice if a rule-set were another.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judged.h"
#include "lab/judge/batch.h"
#include "lab/model/fences.h"

namespace lab::judge {
namespace {

using testing::Contains;
using testing::ElementsAreArray;
using testing::IsEmpty;

// Those of the changed rule-sets that no test tells from what it expects of `base`.
std::set<std::string> unnoticed(const std::vector<Variant>& changed, const Variant& base) {
  static const TestFiles files = catalogue();
  std::set<std::string> left;
  for (const Variant& each : changed) left.insert(each.text);
  for (const explore::Memory memory : {explore::Memory::sc, explore::Memory::tso}) {
    std::vector<const litmus::Test*> tests;
    for (const auto& file : files) tests.push_back(&file->test);
    std::vector<Variant> rest;
    for (const Variant& each : changed)
      if (left.contains(each.text)) rest.push_back(each);
    for (const auto& judgement : judge_all(cases_of(tests, rest, memory, false), {}, 2)) {
      const Expected of_base = expected(*judgement->test, base, language_of(memory));
      if (!of_base.verdicts.empty() && !of_base.has(judgement->verdict))
        left.erase(judgement->variant.text);
    }
  }
  return left;
}

std::vector<Variant> neighbours_of(const Variant& base) {
  std::vector<Variant> result;
  for (const model::Rules& next : model::neighbours(base.rules))
    result.push_back({next.name, base.base, next, {}});
  return result;
}

// docs/reference/litmus-catalogue.md says of each why nothing can be seen.
TEST(Mutants, OfE1AreNoticedButForThoseThatTheDocsExplain) {
  const char* const explained[] = {
      "E1,fork_seq=sections",         "E1,page_lock_in_wp=blocking", "E1,reclaim_pinned=again",
      "E1,softdirty_skips_pinned=no", "E1,swapin_read_writable=yes", "E1,unpin_check=no",
  };
  EXPECT_THAT(unnoticed(neighbours_of(variant("E1")), variant("E1")), ElementsAreArray(explained));
}

// Not every rule-set needs each; one of these does.
TEST(Mutants, WithoutAFenceOrASecondLookAreNoticed) {
  std::set<std::string> never_noticed;
  for (const model::Fence& fence : model::fences()) {
    bool noticed = false;
    for (const char* rules : {"E1", "cleave"}) {
      const Variant base = variant(rules);
      noticed = noticed || unnoticed({*without(base, fence.name)}, base).empty();
    }
    if (!noticed) never_noticed.insert(std::string(fence.name));
  }
  EXPECT_THAT(never_noticed, IsEmpty());
}

// A test that nothing can fail is none: as it is, E1 is not noticed.
TEST(Mutants, AreNotNoticedWhereNothingIsChanged) {
  EXPECT_THAT(unnoticed({variant("E1")}, variant("E1")), Contains("E1"));
}

}  // namespace
}  // namespace lab::judge
