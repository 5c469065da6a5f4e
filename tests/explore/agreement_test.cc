// All searches agree on what programs drawn at random can come to.
#include <gtest/gtest.h>

#include "tests/explore/programs.h"
#include "tests/explore/random_program.h"

namespace lab::explore {
namespace {

struct Drawn {
  std::uint64_t seed;
  RandomProgram::Bodies bodies;
  bool equal;
  Drawn(std::uint64_t s, const Palette& palette)
      : seed(s), bodies(RandomProgram::draw(s, palette)), equal(palette.equal) {}
  [[nodiscard]] Factory factory() const {
    return [this] { return std::make_unique<RandomProgram>(bodies, equal); };
  }
  [[nodiscard]] Result explored(Options options) const {
    options.check_runs = 3;
    auto result = explore(factory(), options);
    EXPECT_TRUE(result) << "seed " << seed << ": " << result.error().what;
    return result ? *result : Result{};
  }
};

constexpr Palette kSmall{.threads = 2, .statements = 4};
constexpr Palette kWide{.threads = 3, .statements = 3};

// Searches are compared on programs that naive search can finish.
constexpr std::uint64_t kRuns = 30'000;

class Agreement : public testing::TestWithParam<Memory> {
 protected:
  void compare(std::uint64_t from, std::uint64_t to, const Palette& palette,
               const std::vector<Options>& others) {
    int compared = 0;
    for (std::uint64_t seed = from; seed < to; ++seed) {
      const Drawn drawn{seed, palette};
      const Result naive =
          drawn.explored({.memory = GetParam(), .search = Search::naive, .max_runs = kRuns});
      if (naive.coverage.kind != Coverage::Kind::exhaustive) continue;
      ++compared;
      for (Options options : others) {
        options.memory = GetParam();
        ASSERT_EQ(findings(drawn.explored(options)), findings(naive))
            << "seed " << seed << ", search " << static_cast<int>(options.search);
      }
    }
    EXPECT_GT(compared, static_cast<int>((to - from) / 4));
  }
};

TEST_P(Agreement, OfReducedSearchAndNaiveOnTwoThreads) {
  compare(0, 1500, kSmall, {{.search = Search::dpor}});
}
TEST_P(Agreement, OfReducedSearchAndNaiveOnThreeThreads) {
  compare(10'000, 11'000, kWide, {{.search = Search::dpor}});
}
TEST_P(Agreement, OfStatesAndNaive) {
  compare(20'000, 20'400, kSmall, {{.search = Search::states}});
  compare(20'400, 20'600, kWide, {{.search = Search::states}});
}
TEST_P(Agreement, OfManyPreemptionsAndNaive) {
  compare(30'000, 30'300, kSmall, {{.search = Search::bound, .bound = 100}});
}

TEST_P(Agreement, OfReducedSearchAndStatesOnFourThreads) {
  for (std::uint64_t seed = 40'000; seed < 40'150; ++seed) {
    const Drawn drawn{seed, {.threads = 4, .statements = 3}};
    const Result dpor = drawn.explored({.memory = GetParam(), .max_runs = 200'000});
    const Result states = drawn.explored({.memory = GetParam(), .search = Search::states});
    if (dpor.coverage.kind != Coverage::Kind::exhaustive) continue;
    ASSERT_EQ(findings(dpor), findings(states)) << "seed " << seed;
  }
}

TEST_P(Agreement, UpToNamesWhenEqualThreadsAreTakenForOneAnother) {
  Palette equal = kWide;
  equal.equal = true;
  compare(50'000, 50'400, equal, {{.search = Search::dpor, .symmetry = true}});
  if (GetParam() == Memory::ra) return;  // That is refused.
  compare(50'000, 50'400, equal, {{.search = Search::states, .symmetry = true}});
}

TEST_P(Agreement, RandomSearchFindsNothingThatIsNotThere) {
  for (std::uint64_t seed = 60'000; seed < 60'100; ++seed) {
    const Drawn drawn{seed, kWide};
    const auto all = findings(drawn.explored({.memory = GetParam()}));
    for (const Search search : {Search::random, Search::pct}) {
      for (const std::string& one : findings(drawn.explored(
               {.memory = GetParam(), .search = search, .bound = 3, .runs = 300, .seed = seed}))) {
        ASSERT_TRUE(all.contains(one)) << "seed " << seed << ": " << one;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Under, Agreement, testing::Values(Memory::sc, Memory::tso, Memory::ra),
                         [](const auto& of) { return std::string(name(of.param)); });

TEST(Memories, WhatScAllowsTsoAllowsTooAndWhatThatAllowsRa) {
  for (std::uint64_t seed = 70'000; seed < 70'400; ++seed) {
    Palette palette = kWide;
    palette.breaks = false;
    const Drawn drawn{seed, palette};
    const auto tso = findings(drawn.explored({.memory = Memory::tso}));
    const Result ra = drawn.explored({.memory = Memory::ra, .max_runs = 20'000});
    if (ra.coverage.kind != Coverage::Kind::exhaustive) continue;
    for (const std::string& one : tso) {
      ASSERT_TRUE(findings(ra).contains(one)) << "seed " << seed << ": " << one;
    }
    for (const std::string& one : findings(drawn.explored({.memory = Memory::sc}))) {
      ASSERT_TRUE(tso.contains(one)) << "seed " << seed << ": " << one;
    }
  }
}

// What sc says of late stores is what a search under tso can be spared for.
TEST(LateStores, AreTheOnlyDifferenceBetweenScAndTso) {
  int same = 0, differ = 0;
  for (std::uint64_t seed = 20'000; seed < 22'000; ++seed) {
    const Drawn drawn{seed, seed % 2 == 0 ? kSmall : kWide};
    const Result sc = drawn.explored({.memory = Memory::sc});
    const auto under_tso = findings(drawn.explored({.memory = Memory::tso}));
    if (sc.late_stores) {
      differ += findings(sc) != under_tso ? 1 : 0;
      continue;
    }
    ++same;
    ASSERT_EQ(findings(sc), under_tso) << "seed " << seed;
  }
  EXPECT_GT(same, 300);
  EXPECT_GT(differ, 0);
}

TEST(LateStores, AreThoseThatTheirThreadLooksBeyond) {
  const auto late = [](std::vector<Sketch::Body> bodies) {
    return explore(sketch(std::move(bodies)), {.memory = Memory::sc})->late_stores;
  };
  EXPECT_TRUE(late({[](Sketch& s) { put("x", s.x, 1), (void)s.load(s.y); }}));
  EXPECT_FALSE(late({[](Sketch& s) { put("x", s.x, 1), fence("between"), (void)s.load(s.y); }}));
  EXPECT_FALSE(late({[](Sketch& s) { put("x", s.x, 1), put("y", s.y, 1); }}));
  EXPECT_FALSE(late({[](Sketch& s) {
    put("x", s.x, 1);
    step("a locked instruction", [&] { s.y.write(1); });
    (void)s.load(s.z);
  }}));
  EXPECT_FALSE(late({[](Sketch& s) { step("x", [&] { s.x.write(1); }), (void)s.load(s.y); }}));
}

}  // namespace
}  // namespace lab::explore
