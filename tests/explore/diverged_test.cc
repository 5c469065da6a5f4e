// A run that cannot be what the search takes it for counts for nothing: who takes a step that is
// not there, or a wait before its time, is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/explore/execution/atomic.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

// Lets these on, whether they can or not.
class Insists : public Scheduler {
 public:
  explicit Insists(std::vector<Actor> actors) : actors_(std::move(actors)) {}
  Actor next(Execution& execution) override {
    (void)execution.enabled();  // how a run has ended is said by what was left
    return at_ == actors_.size() ? kNoActor : actors_[at_++];
  }
  std::uint32_t value(Execution&, std::uint32_t) override { return 0; }

 private:
  const std::vector<Actor> actors_;
  std::size_t at_ = 0;
};

Ending end_of(const Factory& factory, std::vector<Actor> actors, Memory memory = Memory::sc) {
  Execution execution{memory, {}, 100};
  Insists scheduler{std::move(actors)};
  return execution.run(factory, scheduler);
}

Factory waits_for_x() {
  return sketch({[](Sketch& s) { put("x", s.x, 1); },
                 [](Sketch& s) {
                   await(
                       "wait", [&] { return s.x.read() == 1; }, [&] { s.y.write(1); });
                 }});
}

TEST(Diverging, IsToTakeAWaitWhoseConditionDoesNotHold) {
  EXPECT_EQ(end_of(waits_for_x(), {0, 1}), Ending::complete);
  EXPECT_EQ(end_of(waits_for_x(), {1}), Ending::diverged);
}

TEST(Diverging, IsToTakeAStepOfAThreadThatHasEndedOrNeverWas) {
  EXPECT_EQ(end_of(waits_for_x(), {0, 0}), Ending::diverged);
  EXPECT_EQ(end_of(waits_for_x(), {7}), Ending::diverged);
}

TEST(Diverging, IsToLetOutOfABufferWhatIsNotThere) {
  const Factory stores = sketch({[](Sketch& s) { put("x", s.x, 1), fence("full"); }});
  EXPECT_EQ(end_of(stores, {flush_of(0), 0}, Memory::tso), Ending::complete);
  EXPECT_EQ(end_of(stores, {flush_of(0), flush_of(0)}, Memory::tso), Ending::diverged);
}

TEST(Diverging, IsToTakeAStepThatWaitsForTheThreadsOwnStores) {
  const Factory stores = sketch({[](Sketch& s) { put("x", s.x, 1), fence("full"); }});
  EXPECT_EQ(end_of(stores, {0}, Memory::tso), Ending::diverged);
}

TEST(Diverging, IsToGoOnWithAThreadThatWaitsForGood) {
  const Factory factory = sketch({[](Sketch& s) {
    (void)atomic_wait("wait", s.x, Order::relaxed, [](std::uint64_t x) { return x == 3; });
  }});
  EXPECT_EQ(end_of(factory, {0, 0}, Memory::ra), Ending::diverged);
}

// What a wait hangs on besides what the explorer knows of.
TEST(Diverging, OfAProgramThatHidesWhatItHangsOnIsRefused) {
  int runs = 0;
  const auto bodies = sketch({[&](Sketch& s) {
                                await(
                                    "hidden", [&] { return runs == 1; }, [&] { s.y.write(1); });
                                put("left", s.x, 1);
                              },
                              [](Sketch& s) { put("right", s.x, 2); }});
  const Factory factory = [&] {
    ++runs;
    return bodies();
  };
  const auto result = explore(factory, {.check_runs = 0});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what,
              testing::HasSubstr("could not be taken when the run was made again"));
}

}  // namespace
}  // namespace lab::explore
