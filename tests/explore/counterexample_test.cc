#include "lab/explore/trace/counterexample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

using testing::Each;

// Two increments that can lose one, and a bystander who touches neither.
Factory two_increments() {
  const auto increment = [](Sketch& s) {
    const int old = look("read", [&] { return s.x.read(); });
    put("write", s.x, old + 1);
  };
  return sketch({increment,
                 [](Sketch& s) {
                   for (int i = 0; i < 4; ++i) step("hum", [&] { s.z.add(1); });
                 },
                 increment});
}

bool lost(const Finding& finding) {
  return finding.outcome != nullptr && *finding.outcome->find("x") == 1;
}

Schedule witness(const Factory& factory, const Options& options, const Question& question) {
  const auto result = explore(factory, options);
  for (const Seen& seen : result->outcomes) {
    if (question({&seen.outcome, {}, {}})) return seen.witness;
  }
  for (const Failure& failure : result->failures) {
    if (question({nullptr, failure.kind, failure.what})) return failure.witness;
  }
  return {};
}

// Only what the increments did is asked about.
bool on_x(const Trace& trace, std::size_t event) { return trace.events[event].label == "write"; }

TEST(Counterexample, HasTheFewestPreemptions) {
  const Factory factory = two_increments();
  // A run with more than are needed.
  const Schedule wild{{0, 0}, {1, 0}, {2, 0}, {1, 0}, {0, 0}, {1, 0}, {2, 0}, {1, 0}};
  EXPECT_GT(preemptions(factory, {}, wild).value(), 3u);
  const auto example = explain(factory, {}, {.question = lost, .witness = wild});
  ASSERT_TRUE(example) << example.error().what;
  EXPECT_EQ(example->preemptions, 1u);
  EXPECT_TRUE(example->fewest);
  EXPECT_EQ(*example->trace.outcome.find("x"), 1u);
}

TEST(Counterexample, FoldsWhatDoesNotMatter) {
  const Factory factory = two_increments();
  const auto example = explain(
      factory, {}, {.question = lost, .witness = witness(factory, {}, lost), .matters = on_x});
  ASSERT_TRUE(example);
  std::size_t told = 0;
  for (const Line& line : example->lines) {
    told += line.events.size();
    EXPECT_EQ(line.folded, line.thread == 1);
    for (const std::size_t event : line.events) {
      EXPECT_EQ(example->trace.events[event].thread, line.thread);
    }
  }
  EXPECT_EQ(told, example->trace.events.size()) << "every event is on one line";
}

TEST(Counterexample, SaysFromWhereOnItWasInevitable) {
  const Factory factory = two_increments();
  const auto example =
      explain(factory, {}, {.question = lost, .witness = witness(factory, {}, lost)});
  ASSERT_TRUE(example->inevitable_after);
  // It is so as soon as both have read the same.
  const std::size_t after = *example->inevitable_after;
  std::size_t reads = 0;
  for (const Event& event : example->trace.events) {
    if (event.label == "read" && event.choices <= after) ++reads;
  }
  EXPECT_EQ(reads, 2u);
  EXPECT_EQ(example->trace.events[after - 1].label, "read") << "the second read closes the door";
}

TEST(Counterexample, OfWhatAlwaysHappensIsInevitableFromTheStart) {
  const Factory factory = sketch({[](Sketch& s) { put("store", s.x, 1); }});
  const auto example = explain(factory, {}, {.question = lost, .witness = {{0, 0}}});
  EXPECT_EQ(example->inevitable_after, std::optional<std::size_t>{0});
}

TEST(Counterexample, OfADeadlockIsMade) {
  const auto lock = [](Shared<int>& v) {
    await(
        "lock", [&] { return v.read() == 0; }, [&] { v.write(1); });
  };
  const auto unlock = [](Shared<int>& v) { step("unlock", [&] { v.write(0); }); };
  const Factory factory =
      sketch({[=](Sketch& s) { lock(s.x), lock(s.y), unlock(s.y), unlock(s.x); },
              [=](Sketch& s) { lock(s.y), lock(s.x), unlock(s.x), unlock(s.y); }});
  const Question deadlock = [](const Finding& finding) {
    return finding.outcome == nullptr && finding.failure == Failure::Kind::deadlock;
  };
  const auto example =
      explain(factory, {}, {.question = deadlock, .witness = witness(factory, {}, deadlock)});
  ASSERT_TRUE(example) << example.error().what;
  EXPECT_EQ(example->trace.ending, Ending::deadlock);
  EXPECT_EQ(example->preemptions, 1u);
  EXPECT_EQ(example->inevitable_after, std::optional<std::size_t>{2});
}

TEST(Counterexample, OfWhatIsBrokenEndsWithTheStepThatBrokeIt) {
  const Factory factory = sketch({[](Sketch& s) { put("store", s.x, 1), put("other", s.z, 1); },
                                  [](Sketch& s) {
                                    if (s.load(s.x) == 1) broken("seen");
                                    put("after", s.y, 1);
                                  }});
  const Question seen = [](const Finding& finding) { return finding.what == "seen"; };
  const auto example =
      explain(factory, {}, {.question = seen, .witness = witness(factory, {}, seen)});
  ASSERT_TRUE(example) << example.error().what;
  std::vector<std::string> told;
  for (const Line& line : example->lines) {
    for (const std::size_t event : line.events) {
      if (!line.folded) told.push_back(example->trace.events[event].label);
    }
  }
  EXPECT_THAT(told, testing::ElementsAre("store", "load"));
}

TEST(Counterexample, RefusesAWitnessOfSomethingElse) {
  const Factory factory = two_increments();
  const Schedule well{{0, 0}, {0, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 0}, {2, 0}, {2, 0}};
  EXPECT_FALSE(
      explain(factory, {}, {.question = [](const Finding&) { return false; }, .witness = well}));
}

TEST(Prefix, KeepsTheSearchToRunsThatBeginSo) {
  const Factory factory = two_increments();
  const Schedule prefix{{2, 0}, {2, 0}};
  const auto result = explore(factory, {.prefix = prefix});
  EXPECT_EQ(result->coverage.text(), "exhaustive");
  for (const Seen& seen : result->outcomes) {
    EXPECT_EQ(*seen.outcome.find("x"), 2u);
    EXPECT_EQ((Schedule{seen.witness.begin(), seen.witness.begin() + 2}), prefix);
  }
}

}  // namespace
}  // namespace lab::explore
