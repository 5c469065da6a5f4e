// Programs of atomics drawn at random have the outcomes that C++'s axioms allow them, and all
// searches find the same.
#include <gtest/gtest.h>

#include "tests/explore/axioms.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

struct DrawnAtomics {
  AtomicProgram::Bodies bodies;
  DrawnAtomics(std::uint64_t seed, const AtomicPalette& palette)
      : bodies(AtomicProgram::draw(seed, palette)) {}
  [[nodiscard]] Factory factory() const {
    return [this] { return std::make_unique<AtomicProgram>(bodies); };
  }
  [[nodiscard]] Result explored(Options options) const {
    options.check_runs = 2;
    auto result = explore(factory(), options);
    EXPECT_TRUE(result) << result.error().what;
    return result ? *result : Result{};
  }
};

void expect_axioms(std::uint64_t from, std::uint64_t to, const AtomicPalette& palette) {
  for (std::uint64_t seed = from; seed < to; ++seed) {
    const DrawnAtomics drawn{seed, palette};
    ASSERT_EQ(findings(drawn.explored({.memory = Memory::ra})), Axioms::outcomes(drawn.bodies))
        << "seed " << seed;
  }
}

TEST(Atomics, HaveTheOutcomesThatTheAxiomsAllowToTwoThreads) {
  expect_axioms(0, 1500, {.threads = 2, .statements = 4});
}
TEST(Atomics, HaveTheOutcomesThatTheAxiomsAllowToThreeThreads) {
  expect_axioms(10'000, 11'000, {.threads = 3, .statements = 3, .locations = 3});
}
TEST(Atomics, HaveTheOutcomesThatTheAxiomsAllowToFourThreads) {
  expect_axioms(20'000, 20'300, {.threads = 4, .statements = 2});
}

// Searches are compared on programs that naive search can finish.
void expect_agreement(std::uint64_t from, std::uint64_t to, const AtomicPalette& palette) {
  int compared = 0;
  for (std::uint64_t seed = from; seed < to; ++seed) {
    const DrawnAtomics drawn{seed, palette};
    const Result naive =
        drawn.explored({.memory = Memory::ra, .search = Search::naive, .max_runs = 10'000});
    if (naive.coverage.kind != Coverage::Kind::exhaustive) continue;
    ++compared;
    for (const Search search : {Search::dpor, Search::states, Search::bound}) {
      ASSERT_EQ(findings(drawn.explored({.memory = Memory::ra, .search = search, .bound = 100})),
                findings(naive))
          << "seed " << seed << ", search " << static_cast<int>(search);
    }
  }
  EXPECT_GT(compared, static_cast<int>((to - from) / 2));
}

TEST(Atomics, AreSearchedAlike) {
  expect_agreement(30'000, 31'000, {.threads = 2, .statements = 3});
  expect_agreement(31'000, 31'200, {.threads = 3, .statements = 2});
}
TEST(Atomics, AreSearchedAlikeWithFencesOfAllThreads) {
  expect_agreement(40'000, 40'400, {.threads = 2, .statements = 3, .heavy = true});
  expect_agreement(41'000, 41'150, {.threads = 3, .statements = 2, .heavy = true});
}
TEST(Atomics, AreSearchedAlikeWhereThreadsWait) {
  expect_agreement(50'000, 50'400, {.threads = 2, .statements = 3, .waits = true});
  expect_agreement(51'000, 51'150, {.threads = 3, .statements = 2, .waits = true});
}

TEST(Atomics, ThatAreAllSequentiallyConsistentAreThatUnderRaToo) {
  for (std::uint64_t seed = 60'000; seed < 60'500; ++seed) {
    const DrawnAtomics drawn{seed, {.threads = 3, .statements = 3, .strong = true, .waits = true}};
    ASSERT_EQ(findings(drawn.explored({.memory = Memory::ra})),
              findings(drawn.explored({.memory = Memory::sc})))
        << "seed " << seed;
  }
}

TEST(Atomics, ComeUnderRaToAllThatTheyComeToUnderTsoAndThereToAllOfSc) {
  for (std::uint64_t seed = 70'000; seed < 70'500; ++seed) {
    const DrawnAtomics drawn{seed, {.threads = 3, .statements = 3}};
    const auto tso = findings(drawn.explored({.memory = Memory::tso}));
    const auto ra = findings(drawn.explored({.memory = Memory::ra}));
    ASSERT_TRUE(std::ranges::includes(tso, findings(drawn.explored({.memory = Memory::sc}))))
        << "seed " << seed;
    ASSERT_TRUE(std::ranges::includes(ra, tso)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lab::explore
