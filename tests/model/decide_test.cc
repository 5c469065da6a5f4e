// The decisions as tables: counts in, answer out.
#include "lab/model/decide/decide.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

constexpr std::uint32_t kBias = 1024;

Counts page(std::uint32_t maps, std::uint32_t swaps, std::uint32_t refs) {
  Counts counts;
  counts.maps = counts.most_maps = counts.all_maps = maps;
  counts.swaps = swaps;
  counts.refs = refs;
  return counts;
}

Counts cached(Counts counts) {
  counts.swap_cache = true;
  return counts;
}

Counts marked(Counts counts) {
  counts.exclusive = true;
  return counts;
}

Counts merged(Counts counts) {
  counts.ksm = true;
  return counts;
}

Counts large(Counts counts, std::uint32_t pins = 0) {
  counts.large = true;
  counts.pins = pins;
  return counts;
}

Counts with_pins(Counts counts, std::uint32_t pins) {
  counts.pins = pins;
  return counts;
}

Counts of_a_file(Counts counts) {
  counts.anonymous = false;
  return counts;
}

struct Row {
  const char* what;
  Counts counts;
  std::vector<std::string> yes;  // the rule-sets that say yes; all others say no
};

bool is_among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <typename Decide>
void expect_rows(const std::vector<Row>& rows, const std::vector<std::string>& asked,
                 Decide&& decide) {
  for (const Row& row : rows) {
    for (const std::string& name : asked) {
      const bool yes = decide(rules_of(name), row.counts);
      EXPECT_EQ(yes, is_among(name, row.yes)) << row.what << " under " << name;
    }
  }
}

const std::vector<std::string> kAll = {"A",  "B",  "C0", "C1", "C2",     "D0",
                                       "D1", "E0", "E1", "F",  "gvisor", "cleave"};
const std::vector<std::string> kByMaps = {"A", "B", "D1"};
const std::vector<std::string> kMarking = {"E0", "E1", "F", "gvisor"};

std::vector<std::string> all_but(const std::vector<std::string>& left_out) {
  std::vector<std::string> names;
  for (const std::string& name : kAll) {
    if (!is_among(name, left_out)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> both(std::vector<std::string> one, const std::vector<std::string>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

// At once, or under the lock after others have let go.
bool reuses(const Rules& rules, const Counts& counts) {
  const FirstLook first = reuse_at_once(rules, counts);
  return first.answer == AtOnce::ask ? reuse_small(rules, counts).yes
                                     : first.answer == AtOnce::reuse;
}

TEST(ReuseOfASmallPage, FollowsItsCounts) {
  expect_rows({{"alone", page(1, 0, 1), kAll},
               {"mapped twice", page(2, 0, 2), {}},
               {"alone, and referenced", page(1, 0, 2), kByMaps},
               {"alone, referenced and marked", marked(page(1, 0, 2)), both(kByMaps, kMarking)},
               {"alone, and pinned", page(1, 0, 1 + kBias), kByMaps},
               {"alone, and pinned, counted apart", with_pins(page(1, 0, 1), 1), kAll},
               {"alone, in the swap cache", cached(page(1, 0, 2)), kByMaps},
               {"a swap entry names it", cached(page(1, 1, 2)), {}}},
              kAll, reuses);
}

TEST(ReuseOfAMergedPage, EndedWithFivePointNine) {
  expect_rows({{"alone", merged(page(1, 0, 1)), {"A", "B", "D1"}},
               {"referenced", merged(page(1, 0, 2)), {}},
               {"in the swap cache", merged(cached(page(1, 0, 1))), {}}},
              {"A", "B", "C0", "C1", "C2", "D0", "D1", "E0", "E1", "F"}, reuses);
}

TEST(ReuseUnderWriteback, WaitsForADeviceThatNeedsStablePages) {
  Counts counts = cached(page(1, 0, 2));
  counts.writeback = true;
  EXPECT_TRUE(reuse_small(rules_of("A"), counts));
  counts.stable_writes = true;
  EXPECT_FALSE(reuse_small(rules_of("A"), counts));
  EXPECT_FALSE(reuse_swapped(rules_of("E1"), counts, /*marked=*/true, /*fresh=*/false));
}

TEST(ReuseOfAHugeEntry, WasByMapsUntilFivePointEighteen) {
  Counts alone = large(page(1, 0, 1));
  Counts referenced = large(page(1, 0, 2));
  expect_rows(
      {{"alone", alone, kAll},
       {"referenced", referenced, {"A", "B", "C0", "C1", "D0", "D1"}},
       {"referenced and marked",
        marked(referenced),
        {"A", "B", "C0", "C1", "D0", "D1", "E0", "E1", "F", "gvisor"}},
       {"mapped twice", large(page(2, 0, 2)), {}}},
      kAll, [](const Rules& rules, const Counts& counts) { return reuse_pmd(rules, counts).yes; });
}

TEST(ReuseOfAPageOfAFolio, LooksAtTheWholeFolio) {
  Counts sixteen = large(page(1, 0, 16));
  sixteen.all_maps = 16;
  Counts partly_shared = large(page(1, 0, 17));
  partly_shared.most_maps = 2;
  partly_shared.all_maps = 17;
  partly_shared.one_process = false;
  Counts last = large(page(1, 0, 1));
  expect_rows(
      {{"all sixteen are one process'", sixteen, {"A", "B", "D1", "F"}},
       {"the same, marked", marked(sixteen), {"A", "B", "D1", "E0", "E1", "F", "gvisor"}},
       {"a child keeps one", partly_shared, {}},
       {"the last entry of all", last, {"A", "B", "C0", "C1", "C2", "D0", "D1", "E0", "cleave"}}},
      kAll, [](const Rules& rules, const Counts& counts) {
        return reuse_pte_of_large(rules, counts).yes;
      });
}

TEST(ReuseOfHugetlb, OverlooksReferencesInEveryKernel) {
  expect_rows({{"alone", large(page(1, 0, 1)), kAll},
               {"referenced", large(page(1, 0, 2)), all_but({"gvisor", "cleave"})},
               {"mapped twice", large(page(2, 0, 2)), {}}},
              kAll, [](const Rules& rules, const Counts& counts) {
                return reuse_hugetlb(rules, counts).yes;
              });
}

TEST(ReuseAtSwapIn, IsByMapsUntilFivePointEighteen) {
  // The faulting entry still counts on swap; the lookup's reference is the one that will be the
  // entry's.
  expect_rows({{"alone", page(0, 1, 1), kAll},
               {"another process maps it", page(1, 1, 2), {}},
               {"referenced", page(0, 1, 2), {"A", "B", "C0", "C1", "D0", "D1"}}},
              kAll, [](const Rules& rules, const Counts& counts) {
                return reuse_swapped(rules, counts, /*marked=*/false, /*fresh=*/false).yes;
              });
  expect_rows({{"referenced, and the entry remembers",
                page(0, 1, 2),
                {"A", "B", "C0", "C1", "D0", "D1", "E0", "E1", "F", "gvisor"}}},
              kAll, [](const Rules& rules, const Counts& counts) {
                return reuse_swapped(rules, counts, /*marked=*/true, /*fresh=*/false).yes;
              });
}

TEST(MaybePinned, IsANumberOfReferencesForSmallPages) {
  for (const std::string name : {"C0", "E1"}) {
    const Rules rules = rules_of(name);
    EXPECT_FALSE(maybe_pinned(rules, page(1, 0, kBias - 1)));
    EXPECT_TRUE(maybe_pinned(rules, page(1, 0, kBias))) << "many references look like a pin";
    EXPECT_FALSE(maybe_pinned(rules, large(page(1, 0, 2 * kBias))));
    EXPECT_TRUE(maybe_pinned(rules, large(page(1, 0, 2), 1)));
  }
  EXPECT_FALSE(maybe_pinned(rules_of("cleave"), page(1, 0, 5 * kBias)));
  EXPECT_TRUE(maybe_pinned(rules_of("cleave"), with_pins(page(1, 0, 1), 1)));
}

TEST(Fork, CopiesWhatIsPinned) {
  const auto copies = [](const Rules& rules, const Counts& counts) {
    return fork_copies(rules, counts, true).yes;
  };
  expect_rows(
      {{"not pinned", marked(page(1, 0, 1)), {}},
       {"referenced", marked(page(1, 0, 2)), {"gvisor"}},
       {"pinned", marked(page(1, 0, 1 + kBias)), all_but({"A", "B", "cleave"})},
       {"pinned, not marked", page(1, 0, 1 + kBias), {"C0", "C1", "C2", "D0", "D1"}},
       {"a file's, pinned", of_a_file(page(1, 0, 2 + kBias)), {"C0", "C1", "C2", "D0", "D1"}},
       {"pinned, counted apart", with_pins(page(1, 0, 1), 1), {"cleave"}}},
      kAll, copies);
}

TEST(Fork, CopiesNothingOfAProcessThatNeverPinned) {
  for (const std::string& name : all_but({"cleave"})) {
    EXPECT_FALSE(fork_copies(rules_of(name), marked(page(1, 0, 1 + kBias)), false)) << name;
  }
}

GupStep reading(const std::string& rules, const Counts& counts, bool pin, bool long_term = false) {
  return gup_read(rules_of(rules), counts, pin, long_term, /*copy_on_write=*/true).step;
}

TEST(ReadReferences, ToASharedPage) {
  const Counts shared = page(2, 0, 2);
  for (const std::string name : {"A", "C0", "C1", "C2"}) {
    EXPECT_EQ(reading(name, shared, true), GupStep::take) << name;
    EXPECT_EQ(reading(name, shared, false), GupStep::take) << name;
  }
  EXPECT_EQ(reading("B", shared, false), GupStep::write);
  EXPECT_EQ(reading("D0", shared, false), GupStep::unshare);
  for (const std::string name : {"E0", "E1", "F", "gvisor", "cleave"}) {
    EXPECT_EQ(reading(name, shared, true), GupStep::unshare) << name;
    EXPECT_EQ(reading(name, shared, false), GupStep::take) << name;
  }
  EXPECT_EQ(reading("fail", shared, true), GupStep::refuse);
  EXPECT_EQ(reading("fail", shared, false), GupStep::take);
}

TEST(ReadReferences, ToAMarkedOrOwnedPageTakeIt) {
  for (const std::string name : {"E0", "E1", "F", "fail", "gvisor"}) {
    EXPECT_EQ(reading(name, marked(page(1, 0, 1)), true), GupStep::take) << name;
  }
  EXPECT_EQ(reading("cleave", page(1, 0, 1), true), GupStep::take);
  EXPECT_EQ(reading("cleave", page(1, 0, 2), true), GupStep::unshare)
      << "a hold's page is not owned";
}

TEST(ReadReferences, ToAFilesPageUnshareWhenTheyAreForLong) {
  const Counts file = of_a_file(page(1, 0, 2));
  EXPECT_EQ(reading("E0", file, true, true), GupStep::take);
  EXPECT_EQ(reading("E1", file, true, false), GupStep::take);
  EXPECT_EQ(reading("E1", file, true, true), GupStep::unshare);
  EXPECT_EQ(reading("cleave", file, true, false), GupStep::unshare);
  EXPECT_EQ(gup_read(rules_of("E1"), file, true, true, /*copy_on_write=*/false).step,
            GupStep::take);
}

TEST(ReadReferences, ToAMergedPageAreNotUnsharedByMapCount) {
  EXPECT_EQ(reading("D0", merged(page(2, 0, 2)), true), GupStep::take);
}

TEST(ReadReferences, ToTheZeroPage) {
  const auto step = [](const std::string& rules, bool pin, bool lasting) {
    return gup_read_zero(rules_of(rules), pin, lasting).step;
  };
  EXPECT_EQ(step("A", true, true), GupStep::take);
  EXPECT_EQ(step("B", false, false), GupStep::write);
  EXPECT_EQ(step("E0", true, true), GupStep::take);
  EXPECT_EQ(step("E1", true, false), GupStep::take);
  EXPECT_EQ(step("E1", true, true), GupStep::unshare);
  EXPECT_EQ(step("cleave", true, false), GupStep::unshare);
}

TEST(Unpin, FindsAMarkOrOneOwner) {
  EXPECT_TRUE(unpin_finds_in_order(rules_of("C1"), page(2, 0, 2 + kBias)));
  EXPECT_TRUE(unpin_finds_in_order(rules_of("E1"), marked(page(1, 0, 1 + kBias))));
  EXPECT_FALSE(unpin_finds_in_order(rules_of("E1"), page(2, 0, 2 + kBias)));
  EXPECT_TRUE(unpin_finds_in_order(rules_of("E1"), of_a_file(page(2, 0, 2 + kBias))));
  EXPECT_TRUE(unpin_finds_in_order(rules_of("cleave"), with_pins(page(0, 0, 0), 1)));
  EXPECT_FALSE(unpin_finds_in_order(rules_of("cleave"), with_pins(page(2, 0, 2), 1)));
}

TEST(Reclaim, PassesPinnedPagesBy) {
  expect_rows({{"pinned", page(1, 0, 1 + kBias), all_but({"A", "B", "C0", "cleave"})},
               {"pinned, counted apart", with_pins(page(1, 0, 1), 1), {"gvisor", "cleave"}},
               {"pinned, in the swap cache already", cached(page(1, 0, 2 + kBias)), {"gvisor"}},
               {"not pinned", page(1, 0, 1), {"gvisor"}}},
              kAll, [](const Rules& rules, const Counts& counts) {
                return reclaim_passes_by(rules, counts).yes;
              });
}

TEST(Sharing, IsRefusedForMarkedPagesThatMayBePinned) {
  EXPECT_TRUE(share(rules_of("C1"), page(1, 0, 1 + kBias)));
  EXPECT_FALSE(share(rules_of("E1"), marked(page(1, 0, 1 + kBias))));
  EXPECT_TRUE(share(rules_of("E1"), marked(page(1, 0, 3))));
  EXPECT_TRUE(share(rules_of("E1"), page(2, 0, 2 + kBias))) << "shared already";
  EXPECT_FALSE(share(rules_of("cleave"), with_pins(page(1, 0, 1), 1)));
}

TEST(Lazyfree, KeepsWhatIsReferencedSinceFivePointEighteen) {
  EXPECT_TRUE(lazyfree_drops(rules_of("C1"), page(1, 0, 2), false));
  EXPECT_FALSE(lazyfree_drops(rules_of("C1"), page(1, 0, 1), true));
  EXPECT_FALSE(lazyfree_drops(rules_of("C2"), page(1, 0, 2), false));
  EXPECT_TRUE(lazyfree_drops(rules_of("C2"), page(1, 0, 1), false));
  EXPECT_FALSE(lazyfree_drops(rules_of("cleave"), with_pins(page(1, 0, 1), 1), false));
}

TEST(Merging, WantsNoReferenceButEntriesAndSwapCache) {
  EXPECT_TRUE(merge_may_protect(rules_of("A"), page(1, 0, 1)));
  EXPECT_TRUE(merge_may_protect(rules_of("A"), cached(page(1, 0, 2))));
  EXPECT_FALSE(merge_may_protect(rules_of("A"), page(1, 0, 2)));
  EXPECT_FALSE(merge_may_protect(rules_of("gvisor"), page(1, 0, 1)));
  EXPECT_FALSE(merge_may_protect(rules_of("cleave"), with_pins(page(1, 0, 1), 1)));
}

TEST(Protection, IsGivenBackEarlyToMarkedPages) {
  EXPECT_FALSE(upgrades(rules_of("E0"), marked(page(1, 0, 1)), false));
  EXPECT_TRUE(upgrades(rules_of("E1"), marked(page(1, 0, 1)), false));
  EXPECT_FALSE(upgrades(rules_of("E1"), marked(page(1, 0, 1)), true));
  EXPECT_FALSE(upgrades(rules_of("E1"), page(1, 0, 1), false));
  EXPECT_TRUE(upgrades(rules_of("cleave"), page(1, 0, 1), false));
  EXPECT_FALSE(upgrades(rules_of("cleave"), page(2, 0, 2), false));
}

TEST(ClearRefs, PassesByWhatIsPinnedAndWritable) {
  EXPECT_FALSE(clear_refs_passes_by(rules_of("C0"), page(1, 0, 1 + kBias), true, true));
  EXPECT_TRUE(clear_refs_passes_by(rules_of("C1"), page(1, 0, 1 + kBias), true, true));
  EXPECT_FALSE(clear_refs_passes_by(rules_of("C1"), page(1, 0, 1 + kBias), false, true));
  EXPECT_FALSE(clear_refs_passes_by(rules_of("C1"), page(1, 0, 1 + kBias), true, false));
}

TEST(ForcedWrites, AcceptACopyMadeForThem) {
  const Counts copy = marked(page(1, 0, 1));
  const Counts file = of_a_file(page(1, 0, 2));
  EXPECT_TRUE(force_accepts(rules_of("A,force_write=drop_write"), file, false, true))
      << "Dirty COW";
  EXPECT_FALSE(force_accepts(rules_of("A"), file, false, true));
  EXPECT_TRUE(force_accepts(rules_of("A"), file, true, true)) << "UFFDIO_CONTINUE's dirty entry";
  EXPECT_TRUE(force_accepts(rules_of("A"), copy, true, true));
  EXPECT_FALSE(force_accepts(rules_of("A"), copy, true, false));
  EXPECT_TRUE(force_accepts(rules_of("E1"), copy, true, false));
  EXPECT_FALSE(force_accepts(rules_of("E1"), file, true, true));
}

TEST(UffdMove, TakesExclusivePagesOnly) {
  EXPECT_FALSE(uffd_may_move(rules_of("E0"), marked(page(1, 0, 1))));
  EXPECT_TRUE(uffd_may_move(rules_of("E1"), marked(page(1, 0, 1))));
  EXPECT_FALSE(uffd_may_move(rules_of("E1"), page(2, 0, 2)));
  EXPECT_FALSE(uffd_may_move(rules_of("E1"), marked(page(1, 0, 1 + kBias))));
}

}  // namespace
}  // namespace lab::model
