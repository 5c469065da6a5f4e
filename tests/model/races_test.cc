// What only a race can do: under every schedule, sequentially consistent and with store buffers,
// and with each fence and second look left out.
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

using testing::HasSubstr;

const explore::Options kTso{.memory = explore::Memory::tso};

explore::Options without(const std::string& name, explore::Memory memory = explore::Memory::sc) {
  return {.memory = memory, .drop = {name}};
}

bool all_well(const explore::Result& result) {
  return result.failures.empty() && result.traces > 0;
}

// Some run ends with `name` = `value`, or does not get so far because a check of the rule-set's own
// stops it.
bool goes_wrong(const explore::Result& result, std::string_view name, std::uint64_t value) {
  return !result.failures.empty() || seen(result, name, value);
}

// One thread forks, the other pins without a lock. Bad: the pinned page is the child's, too.
explore::Result fork_against_pin(const std::string& rules, GupFlags how,
                                 const explore::Options& options = {}) {
  return play(
      rules, one_page(),
      {[](Machine& m) {
         m.fork({0, 0}, 1);
       },
       [how](Machine& m) {
         m.take({0, 1}, kX, how, kP);
       }},
      [](Machine& m, explore::Outcome& out) {
        out.note("shared", m.pinned(0, kX) && m.same(0, kX, 1, kX));
      },
      options);
}

constexpr GupFlags kFastOnlyPin{.pin = true, .write = true, .fast_only = true};

TEST(ForkAgainstAFastPin, SharesThePinnedPageWithoutASequence) {
  EXPECT_TRUE(seen(fork_against_pin("C0", kFastOnlyPin), "shared", 1));
  EXPECT_TRUE(seen(fork_against_pin("C1,fork_seq=none", kFastOnlyPin), "shared", 1));
}

TEST(ForkAgainstAFastPin, NeverSharesThePinnedPageWithASequence) {
  for (const std::string rules : {"C1", "C2", "D0", "E0", "E1", "F", "fail", "gvisor", "cleave"}) {
    for (const explore::Options& options : {explore::Options{}, kTso}) {
      const explore::Result result = fork_against_pin(rules, kFastOnlyPin, options);
      EXPECT_TRUE(all_well(result)) << rules << ": " << first_failure(result);
      EXPECT_FALSE(seen(result, "shared", 1)) << rules;
    }
  }
}

TEST(ForkAgainstAFastPin, NeedsEachLookAndTheFence) {
  EXPECT_TRUE(seen(fork_against_pin("C1", kFastOnlyPin, without("gup.seq_again")), "shared", 1));
  EXPECT_TRUE(seen(fork_against_pin("C1", kFastOnlyPin, without("fork.seq", explore::Memory::tso)),
                   "shared", 1));
  EXPECT_FALSE(seen(fork_against_pin("C1", kFastOnlyPin, without("fork.seq")), "shared", 1));
  EXPECT_TRUE(
      goes_wrong(fork_against_pin("cleave", kFastOnlyPin, without("fork.wait")), "shared", 1));
  EXPECT_TRUE(goes_wrong(
      fork_against_pin("cleave", kFastOnlyPin, without("fork.seq", explore::Memory::tso)), "shared",
      1));
}

TEST(ForkAgainstAFastPin, FallsBackToTheSlowWay) {
  for (const std::string rules : {"C1", "E1", "cleave", "gvisor"}) {
    const explore::Result result =
        play(rules, one_page(),
             {[](Machine& m) {
                m.fork({0, 0}, 1);
              },
              [](Machine& m) {
                EXPECT_EQ(m.take({0, 1}, kX, kFastPinToWrite, kP), Answer::done);
              }},
             [](Machine& m, explore::Outcome& out) {
               out.note("taken", m.taken(kP) && m.coherent(kP));
             });
    EXPECT_TRUE(all_well(result)) << rules << ": " << first_failure(result);
    EXPECT_FALSE(seen(result, "taken", 0)) << rules;
  }
}

// A page that is unmapped, and its address filled anew, while a thread takes a reference without a
// lock.
TEST(UnmapAgainstAFastPin, NeedsTheSecondLookAtTheEntry) {
  const auto against = [](const std::string& rules, const explore::Options& options) {
    return play(
        rules, one_page(),
        {[](Machine& m) {
           m.discard({0, 0}, kX);
         },
         [](Machine& m) {
           m.take({0, 1}, kX, kFastOnlyPin, kP);
         }},
        [](Machine& m, explore::Outcome& out) { out.note("taken", m.taken(kP)); }, options);
  };
  for (const std::string rules : {"A", "E1", "cleave"}) {
    const explore::Result result = against(rules, {});
    EXPECT_TRUE(all_well(result)) << rules << ": " << first_failure(result);
    EXPECT_TRUE(seen(result, "taken", 1) && seen(result, "taken", 0)) << rules;
  }
}

// Reclaim has asked for pins; then a pin comes, then the page is unmapped, read back and written.
explore::Result reclaim_against_pin(const std::string& rules,
                                    const explore::Options& options = {}) {
  return play(
      rules, one_page(),
      {[](Machine& m) {
         m.swap_out({0, 0}, kX);
         m.read({0, 0}, kX);
         m.write({0, 0}, kX, 2);
       },
       [](Machine& m) {
         m.take({0, 1}, kX, kFastOnlyPin, kP);
       }},
      [](Machine& m, explore::Outcome& out) { out.note("coherent", m.coherent(kP)); }, options);
}

TEST(ReclaimAgainstAFastPin, LosesCoherenceWithoutTheShareAttempt) {
  for (const std::string rules : {"C0", "C1", "C2", "D0"}) {
    EXPECT_TRUE(seen(reclaim_against_pin(rules), "coherent", 0)) << rules;
  }
  EXPECT_TRUE(
      goes_wrong(reclaim_against_pin("E1,reclaim_pinned=check,swap_marker=no"), "coherent", 0));
}

TEST(ReclaimAgainstAFastPin, KeepsCoherence) {
  for (const std::string rules : {"A", "D1", "E0", "E1", "F", "cleave", "gvisor"}) {
    const explore::Result result = reclaim_against_pin(rules);
    EXPECT_TRUE(all_well(result)) << rules << ": " << first_failure(result);
    EXPECT_FALSE(seen(result, "coherent", 0)) << rules;
  }
}

// What is on swap is shared by a fork, pinned or not. Where the entry remembers its mark, it takes
// one to show that a pinned page was unmapped.
explore::Result reclaim_and_fork_against_pin(const std::string& rules,
                                             const explore::Options& options = {}) {
  return play(
      rules, one_page(),
      {[](Machine& m) {
         m.swap_out({0, 0}, kX);
         m.fork({0, 0}, 1);
         m.write({0, 0}, kX, 2);
       },
       [](Machine& m) {
         m.take({0, 1}, kX, kFastOnlyPin, kP);
       }},
      [](Machine& m, explore::Outcome& out) { out.note("coherent", m.coherent(kP)); }, options);
}

TEST(ReclaimAgainstAFastPin, NeedsTheBarrierWhereStoresAreLate) {
  const auto wrong = [](const std::string& rules, const explore::Options& options) {
    return goes_wrong(reclaim_and_fork_against_pin(rules, options), "coherent", 0);
  };
  for (const std::string rules : {"E1", "F", "cleave"}) EXPECT_FALSE(wrong(rules, kTso)) << rules;
  EXPECT_FALSE(wrong("E0", {}));
  EXPECT_TRUE(wrong("E0", kTso)) << "5.19 relied on flushes";
  EXPECT_TRUE(wrong("E1", without("share.clear", explore::Memory::tso)));
  EXPECT_FALSE(wrong("E1", without("share.clear")));
  EXPECT_TRUE(wrong("E1", without("gup.look_again")));
  EXPECT_TRUE(wrong("E1,reclaim_pinned=check", {}));
}

// A read pin of a read-only entry that reclaim takes away and puts back: the entry looks the same.
TEST(ReclaimAgainstAFastReadPin, NeedsTheSecondLookAtTheMark) {
  model::Setup setup = one_page();
  setup.pages[0].readonly = true;
  const auto against = [&](const explore::Options& options) {
    return play(
        "E1", setup,
        {[](Machine& m) {
           m.fork({0, 0}, 1);
         },
         [](Machine& m) {
           m.take({0, 1}, kX, {.pin = true, .fast_only = true}, kP);
         }},
        [](Machine& m, explore::Outcome& out) {
          out.note("shared", m.pinned(0, kX) && m.same(0, kX, 1, kX));
        },
        options);
  };
  EXPECT_TRUE(all_well(against({})));
  EXPECT_FALSE(all_well(against(without("gup.mark_again"))));
}

// clear_refs asks for pins, and protects in a second step.
TEST(ClearRefsAgainstAFastPin, ProtectsWhatHasJustBeenPinned) {
  const auto against = [](const std::string& rules) {
    return play(rules, one_page(),
                {[](Machine& m) {
                   m.clear_refs({0, 0});
                   m.write({0, 0}, kX, 2);
                 },
                 [](Machine& m) {
                   m.take({0, 1}, kX, kFastOnlyPin, kP);
                 }},
                [](Machine& m, explore::Outcome& out) { out.note("coherent", m.coherent(kP)); });
  };
  for (const std::string rules : {"C1", "C2", "D0"})
    EXPECT_TRUE(seen(against(rules), "coherent", 0)) << rules;
  for (const std::string rules : {"A", "D1", "E0", "E1", "F", "cleave"}) {
    EXPECT_FALSE(seen(against(rules), "coherent", 0)) << rules;
  }
}

// One process splits its huge entry while the other adds up map counts.
TEST(SplitAgainstAHugeWriteFault, MisleadsATornLook) {
  model::Setup setup = one_page();
  setup.pages = {{.name = "x", .value = 1, .pages = 2, .by_pmd = true}};
  const auto against = [&](const std::string& rules) {
    return play(
        rules, setup,
        {[](Machine& m) {
           m.fork({0, 0}, 1);
           m.write({0, 0}, 0, 77);
         },
         [](Machine& m) {
           m.split_pmd({1, 1}, 0);
         }},
        [](Machine& m, explore::Outcome& out) { out.note("child", m.value(1, 0).value_or(0)); });
  };
  EXPECT_TRUE(seen(against("A"), "child", 77));
  for (const std::string rules : {"B", "C0", "D0", "E1"})
    EXPECT_FALSE(seen(against(rules), "child", 77)) << rules;
}

// Two threads fault one slot of a synchronous device. In between it is freed, and taken again by
// newer bytes.
TEST(DirectSwapIn, CanBringBackOldBytesTwice) {
  model::Setup setup = one_page();
  setup.pages = {{.name = "x", .value = 1, .swapped = true}};
  setup.swap = SwapDevice::synchronous;
  const auto against = [&](const std::string& rules) {
    return play(
        rules, setup,
        {[](Machine& m) {
           m.write({0, 0}, 0, 2);
           m.swap_out({0, 0}, 0);
         },
         [](Machine& m) {
           m.read({0, 1}, 0);
         }},
        [](Machine& m, explore::Outcome& out) { out.note("x", m.value(0, 0).value_or(0)); });
  };
  for (const std::string rules : {"A", "C1", "E1b"})
    EXPECT_TRUE(seen(against(rules), "x", 1)) << rules;
  EXPECT_FALSE(seen(against("E1c"), "x", 1));
  EXPECT_FALSE(seen(against("F"), "x", 1));
  EXPECT_FALSE(seen(against("E1b,swapin_direct=held"), "x", 1));
}

// A device fills a lazily freed page and lets go while reclaim wants to drop it.
TEST(LazyFreeAgainstADevice, LosesItsBytesWhereReferencesAreNotAskedFor) {
  model::Setup setup = one_page();
  setup.pages.push_back({.name = "y"});
  const auto freed_first = [&](const std::string& rules, const explore::Options& options = {}) {
    return play(
        rules, setup,
        {[](Machine& m) {
           m.free({0, 0}, kX);
           m.exit({1, 0});  // what the other thread waits for
           m.swap_out({0, 0}, kX);
         },
         [](Machine& m) {
           m.await_exit(1);
           if (m.take({0, 1}, kX, {.write = true, .fast_only = true}, kP) != Answer::done) return;
           m.poke(kP, 5);
           m.drop(kP);
           m.write({0, 1}, 1, 1);  // says that the device was there
         }},
        [](Machine& m, explore::Outcome& out) {
          out.note("lost", m.value(0, 1) == 1u && m.value(0, kX) == 0u);
        },
        options);
  };
  EXPECT_TRUE(seen(freed_first("C1"), "lost", 1));
  EXPECT_FALSE(seen(freed_first("C2"), "lost", 1));
  EXPECT_FALSE(seen(freed_first("C2", kTso), "lost", 1));
  EXPECT_TRUE(seen(freed_first("C2", without("lazyfree.clear", explore::Memory::tso)), "lost", 1));
}

TEST(TwoWriters, OfOneSharedPageLoseNothing) {
  const auto against = [](const std::string& rules, const explore::Options& options = {}) {
    return play(
        rules, one_page(),
        {[](Machine& m) {
           m.fork({0, 0}, 1);
           m.write({0, 0}, kX, 2, Half::a);
         },
         [](Machine& m) {
           m.write({0, 1}, kX, 3, Half::b);
         }},
        [](Machine& m, explore::Outcome& out) {
          out.note("a", m.value(0, kX, Half::a).value_or(0));
          out.note("b", m.value(0, kX, Half::b).value_or(0));
        },
        options);
  };
  for (const std::string& rules : names_of_rule_sets()) {
    const explore::Result result = against(rules);
    EXPECT_TRUE(all_well(result)) << rules << ": " << first_failure(result);
    EXPECT_FALSE(seen(result, "a", 1)) << rules;
    EXPECT_FALSE(seen(result, "b", 1)) << rules;
  }
  EXPECT_TRUE(seen(against("E1", without("fault.look_again")), "b", 1));
}

// A huge page's entries lie in one table: migration takes them away under one hold of its lock, and
// puts them back under another. One hold an entry would be many more orders.
explore::Result huge_migration_against_pin(explore::Search search) {
  Setup huge = one_page();
  huge.pages = {{.name = "x", .value = 1, .pages = 2, .by_pmd = true}};
  explore::Options options;
  options.search = search;
  return play(
      "F", huge,
      {[](Machine& m) {
         m.migrate({0, 0}, kX + 1);
       },
       [](Machine& m) {
         m.take({0, 1}, kX + 1, kFastPinToRead, kP);
       }},
      [](Machine& m, explore::Outcome& out) {
        out.note("pinned", m.pinned(0, kX + 1));
        out.note("coherent", m.coherent(kP));
      },
      options);
}

std::set<std::string> ends(const explore::Result& result) {
  std::set<std::string> texts;
  for (const explore::Seen& seen : result.outcomes) texts.insert(seen.outcome.text());
  return texts;
}

TEST(MigrationOfAHugePage, AgainstAFastPinIsShortEnoughToTryInEveryOrder) {
  const explore::Result by_class = huge_migration_against_pin(explore::Search::dpor);
  const explore::Result by_state = huge_migration_against_pin(explore::Search::states);
  EXPECT_TRUE(all_well(by_class)) << first_failure(by_class);
  EXPECT_EQ(ends(by_class), ends(by_state));
  EXPECT_FALSE(seen(by_class, "coherent", 0));
  EXPECT_LT(by_class.traces, 2'000u);
}

// Who takes no lock looks in between: the entries of a large folio come back one by one.
TEST(MigrationOfALargeFolio, IsSeenHalfDoneByFastPins) {
  auto large = one_page();
  large.pages = {{.name = "x", .value = 1, .pages = 2}};
  const auto result = play(
      "F", large,
      {[](Machine& m) {
         m.migrate({0, 0}, kX);
       },
       [](Machine& m) {
         m.take({0, 1}, kX, kFastOnlyPin, kP);
         m.take({0, 1}, kX + 1, kFastOnlyPin, kP + 1);
       }},
      [](Machine& m, explore::Outcome& out) { out.note("half", m.taken(kP) && !m.taken(kP + 1)); });
  EXPECT_TRUE(seen(result, "half", 1));
}

}  // namespace
}  // namespace lab::model
