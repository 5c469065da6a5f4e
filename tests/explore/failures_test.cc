// What can go wrong is found, and told.
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/explore/trace/trace.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

using testing::HasSubstr;
using Kind = Failure::Kind;

// A lock that threads wait for.
void lock(Shared<int>& variable) {
  await(
      "lock", [&] { return variable.read() == 0; }, [&] { variable.write(1); });
}
void unlock(Shared<int>& variable) {
  step("unlock", [&] { variable.write(0); });
}

const Failure* find(const Result& result, Kind kind) {
  for (const Failure& failure : result.failures) {
    if (failure.kind == kind) return &failure;
  }
  return nullptr;
}

class EverySearch : public testing::TestWithParam<Search> {};

TEST_P(EverySearch, FindsTheDeadlockOfTwoLocksTakenCrosswise) {
  const auto result =
      explore(sketch({[](Sketch& s) { lock(s.x), lock(s.y), unlock(s.y), unlock(s.x); },
                      [](Sketch& s) { lock(s.y), lock(s.x), unlock(s.x), unlock(s.y); }}),
              {.search = GetParam(), .bound = 3});
  const Failure* deadlock = find(*result, Kind::deadlock);
  ASSERT_NE(deadlock, nullptr);
  EXPECT_EQ(deadlock->what, "P0 waits at \"lock\" for y; P1 waits at \"lock\" for x");
  EXPECT_EQ(result->outcomes.size(), 1u) << "it can go well, too";
}

TEST_P(EverySearch, FindsNoDeadlockWhereLocksAreTakenInOneOrder) {
  const auto body = [](Sketch& s) { lock(s.x), lock(s.y), unlock(s.y), unlock(s.x); };
  EXPECT_TRUE(explore(sketch({body, body}), {.search = GetParam(), .bound = 3})->failures.empty());
}

TEST_P(EverySearch, FindsTheLostUpdate) {
  const auto increment = [](Sketch& s) { put("store", s.x, s.load(s.x) + 1); };
  const auto result = explore(sketch({increment, increment}), {.search = GetParam(), .bound = 3});
  std::set<std::uint64_t> finals;
  for (const Seen& seen : result->outcomes) finals.insert(*seen.outcome.find("x"));
  EXPECT_EQ(finals, (std::set<std::uint64_t>{1, 2}));
}

TEST_P(EverySearch, LosesNoUpdateThatIsOneStep) {
  const auto increment = [](Sketch& s) { step("add", [&] { s.x.write(s.x.read() + 1); }); };
  const auto result = explore(sketch({increment, increment}), {.search = GetParam(), .bound = 3});
  ASSERT_EQ(result->outcomes.size(), 1u);
  EXPECT_EQ(*result->outcomes[0].outcome.find("x"), 2u);
}

TEST_P(EverySearch, ReportsWhatIsBrokenAndGoesOn) {
  const auto result = explore(sketch({[](Sketch& s) { put("store", s.x, 1); },
                                      [](Sketch& s) {
                                        if (s.load(s.x) == 1) broken("seen");
                                      }}),
                              {.search = GetParam(), .bound = 3});
  ASSERT_NE(find(*result, Kind::broken), nullptr);
  EXPECT_EQ(find(*result, Kind::broken)->what, "seen");
  EXPECT_EQ(result->outcomes.size(), 1u);
}

std::string search_name(const testing::TestParamInfo<Search>& search) {
  static constexpr const char* kAll[] = {"Dpor", "States", "Bound", "Random", "Pct", "Naive"};
  return kAll[static_cast<int>(search.param)];
}

INSTANTIATE_TEST_SUITE_P(By, EverySearch,
                         testing::Values(Search::dpor, Search::states, Search::bound,
                                         Search::random, Search::pct, Search::naive),
                         search_name);

TEST(Livelock, OfTwoWhoAlwaysGiveWayIsFound) {
  // Each raises its flag, and lowers it again if the other's is up.
  const auto polite = [](Shared<int>& mine, Shared<int>& other) {
    for (;;) {
      again("try");
      step("raise", [&] { mine.write(1); });
      if (look("is the other's up?", [&] { return other.read(); }) == 0) break;
      step("lower", [&] { mine.write(0); });
    }
    step("done", [&] { mine.write(0); });
  };
  const auto result =
      explore(sketch({[=](Sketch& s) { polite(s.x, s.y); }, [=](Sketch& s) { polite(s.y, s.x); }}),
              {.search = Search::states});
  const Failure* livelock = find(*result, Kind::livelock);
  ASSERT_NE(livelock, nullptr);
  EXPECT_THAT(livelock->what, HasSubstr("P0 goes round at"));
  EXPECT_THAT(livelock->what, HasSubstr("P1 goes round at"));
  EXPECT_FALSE(result->outcomes.empty());
}

TEST(Livelock, IsNotClaimedOfAThreadThatWaitsForAnother) {
  // That the one never gets its turn is no run that a fair scheduler makes.
  const auto result = explore(sketch({[](Sketch& s) {
                                        do again("spin");
                                        while (s.load(s.x) == 0);
                                      },
                                      [](Sketch& s) { put("store", s.x, 1); }}),
                              {.search = Search::states});
  EXPECT_TRUE(result->failures.empty());
  EXPECT_EQ(result->outcomes.size(), 1u);
}

TEST(Livelock, OfAThreadThatNoOtherFreesIsFound) {
  const auto result = explore(sketch({[](Sketch& s) {
                                do again("spin");
                                while (s.load(s.x) == 0);
                              }}),
                              {.search = Search::states});
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_EQ(result->failures[0].kind, Kind::livelock);
}

TEST(Bounds, ARunThatDoesNotEndIsGivenUpAndNamed) {
  const auto result = explore(sketch({[](Sketch& s) {
                                while (look("spin on x", [&] { return s.x.read(); }) == 0) {
                                }
                              }}),
                              {.max_steps = 50, .check_runs = 1});
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_EQ(result->failures[0].kind, Kind::too_long);
  EXPECT_EQ(result->failures[0].what, "more than 50 steps: P0 waits at \"spin on x\"");
}

TEST(Bounds, AStoppedSearchSaysSo) {
  const auto body = [](Sketch& s) {
    for (int i = 0; i < 6; ++i) step("add", [&] { s.x.write(s.x.read() + 1); });
  };
  const Factory factory = sketch({body, body, body});
  EXPECT_EQ(explore(factory, {.max_runs = 10})->coverage.text(), "stopped after 10 runs");
  EXPECT_EQ(explore(factory, {.max_seconds = 0.01})->coverage.text(), "stopped after 0.01 s");
  EXPECT_EQ(explore(factory, {.search = Search::bound, .bound = 1})->coverage.text(),
            "exhaustive up to 1 preemption");
  EXPECT_EQ(explore(factory, {.search = Search::random, .runs = 20, .seed = 7})->coverage.text(),
            "20 random runs, seed 7");
  EXPECT_EQ(explore(factory, {.search = Search::bound, .bound = 1, .max_runs = 3})->coverage.text(),
            "stopped after 3 runs");
}

TEST(Bounds, ABugThatNeedsOnePreemptionIsFoundWithOne) {
  const auto increment = [](Sketch& s) { put("store", s.x, s.load(s.x) + 1); };
  const Factory factory = sketch({increment, increment});
  EXPECT_EQ(explore(factory, {.search = Search::bound, .bound = 0})->outcomes.size(), 1u);
  EXPECT_EQ(explore(factory, {.search = Search::bound, .bound = 1})->outcomes.size(), 2u);
}

TEST(Programs, TouchVariablesInStepsOnly) {
  const auto result = explore(sketch({[](Sketch& s) {
                                (void)s.load(s.x);
                                s.y.write(1);
                              }}),
                              {});
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_THAT(result->failures[0].what, HasSubstr("P0 touches y outside a step, after \"load\""));
}

TEST(Programs, ThatLetAnExceptionEscapeAreBroken) {
  const auto result = explore(sketch({[](Sketch& s) {
                                (void)s.load(s.x);
                                throw std::runtime_error("out of ideas");
                              }}),
                              {});
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_EQ(result->failures[0].what, "P0 let an exception escape: out of ideas");
}

TEST(Programs, ThatDependOnEarlierRunsAreRefused) {
  int runs = 0;
  const auto result = explore(sketch({[&](Sketch& s) {
                                const int run = ++runs;
                                put("store", s.x, run);
                              }}),
                              {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what, HasSubstr("step 1, \"store\", did not do the same"));
}

TEST(Programs, HaveNoMoreThreadsThanCanBeExplored) {
  const std::vector<Sketch::Body> none;
  struct Crowd : Program {
    void start(Threads& threads) override {
      for (int i = 0; i < 33; ++i) {
        threads.add("one of many", [] {});
      }
    }
  };
  const auto result = explore([] { return std::make_unique<Crowd>(); }, {});
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_THAT(result->failures[0].what, HasSubstr("at most 32 threads"));
}

TEST(Programs, WithManyThreadsAreExplored) {
  struct Crowd : Program {
    Shared<int> x{"x"};
    void start(Threads& threads) override {
      for (int i = 0; i < 20; ++i) {
        threads.add("adds", [this] { step("add", [&] { x.add(1); }); });
      }
    }
    void end(Outcome& outcome) override { outcome.note("x", static_cast<std::uint64_t>(x.read())); }
  };
  for (const Memory memory : {Memory::sc, Memory::tso}) {
    const auto result = explore([] { return std::make_unique<Crowd>(); }, {.memory = memory});
    EXPECT_EQ(result->traces, 1u) << "adds commute";
    EXPECT_EQ(*result->outcomes.at(0).outcome.find("x"), 20u);
  }
}

TEST(Programs, AreNotLeftBehindWhenARunIsGivenUp) {
  // Whatever the threads of a deadlocked run hold is destroyed.
  auto held = std::make_shared<int>(0);
  const Factory factory = sketch({[&](Sketch& s) {
    const auto mine = held;
    await(
        "for ever", [&] { return s.x.read() == 1; }, [] {});
  }});
  EXPECT_EQ(explore(factory, {})->failures.size(), 1u);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Programs, NameTheLabelsThatSomeRunReaches) {
  const auto result = explore(sketch({[](Sketch& s) { put("store", s.x, 1); },
                                      [](Sketch& s) {
                                        if (s.load(s.x) == 1) reached("saw it");
                                        if (s.load(s.x) == 2) reached("saw what is not there");
                                      }}),
                              {});
  EXPECT_THAT(result->reached, testing::ElementsAre("saw it"));
}

TEST(Programs, ChooseAndEveryChoiceIsExplored) {
  const auto body = [](Sketch& s) {
    const auto value = static_cast<int>(choose("which?", 3));
    step("add", [&] { s.x.add(value); });
  };
  for (const Search search : {Search::dpor, Search::states, Search::naive}) {
    std::set<std::uint64_t> finals;
    const auto result = explore(sketch({body, body}), {.search = search});
    for (const Seen& seen : result->outcomes) {
      finals.insert(*seen.outcome.find("x"));
    }
    EXPECT_EQ(finals, (std::set<std::uint64_t>{0, 1, 2, 3, 4}));
  }
  const auto inside =
      explore(sketch({[](Sketch& s) {
                step("choose", [&] { s.x.write(static_cast<int>(choose("x", 2))); });
              }}),
              {});
  EXPECT_THAT(inside->failures.at(0).what, HasSubstr("choose() inside a step"));
}

TEST(Operations, OfOneTextInTwoPlacesAreTwoPlaces) {
  // Two ways lead to z = 5, before the second and before the third operation.
  const Factory factory = sketch({[](Sketch& s) {
                                    operation("look");
                                    if (s.load(s.x) == 0) {
                                      operation("five");
                                      step("z = 5", [&] { s.z.write(5); });
                                    }
                                    operation("go on");
                                    step("5 or 7", [&] { s.z.write(s.z.read() == 5 ? 7 : 5); });
                                    operation("go on");
                                    step("z + 1", [&] { s.z.write(s.z.read() + 1); });
                                  },
                                  [](Sketch& s) { put("store", s.x, 1); }});
  const auto result = explore(factory, {.search = Search::states});
  std::set<std::uint64_t> finals;
  for (const Seen& seen : result->outcomes) finals.insert(*seen.outcome.find("z"));
  EXPECT_EQ(finals, (std::set<std::uint64_t>{6, 8}));
}

TEST(Options, ThatDoNotGoTogetherAreRefused) {
  const Factory factory = sketch({});
  EXPECT_FALSE(explore(factory, {.search = Search::random, .symmetry = true}));
  EXPECT_FALSE(explore(factory, {.search = Search::naive, .prefix = {{0, 0}}}));
  EXPECT_FALSE(explore(factory, {.max_steps = 1'000'000}));
  EXPECT_FALSE(explore(factory, {.search = Search::pct, .bound = 0}));
  EXPECT_TRUE(explore(factory, {}));
}

}  // namespace
}  // namespace lab::explore
