// Each order of a program is weakened in turn, and those that it needs show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/explore/execution/atomic.h"
#include "lab/explore/search/orders.h"
#include "lab/explore/trace/trace.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Hands data over by a flag, with stronger orders than it needs.
struct Handover : Program {
  Atomic<int> flag{"flag"};
  Atomic<int> told{"told"};
  Plain<int> data{"data"};
  int got = 0;
  void start(Threads& threads) override {
    threads.add("giver", [this] {
      data.write(1);
      flag.store(1, Order::seq_cst, "give");
      told.store(1, Order::release, "tell");
    });
    threads.add("taker", [this] {
      if (flag.load(Order::acquire, "take") == 1) got = data.read();
    });
  }
  void end(Outcome& outcome) override {
    outcome.note("got", static_cast<std::uint64_t>(got));
    outcome.note("told", static_cast<std::uint64_t>(told.value()));
  }
};
std::unique_ptr<Program> handover() { return std::make_unique<Handover>(); }

std::vector<std::string> names(const std::vector<Weakened>& all, bool noticed) {
  std::vector<std::string> names;
  for (const Weakened& one : all)
    if (one.noticed.empty() != noticed) names.push_back(one.name());
  return names;
}

TEST(Weakening, ShowsWhichOrdersAreNeeded) {
  const auto all = weaken_each(handover, {.memory = Memory::ra});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_THAT(names(*all, true), ElementsAre("take~relaxed", "give~relaxed"));
  EXPECT_THAT(names(*all, false), ElementsAre("give~release", "tell~relaxed"));
}

TEST(Weakening, SaysWhatItIsNoticedByAndLeadsThere) {
  const auto all = weaken_each(handover, {.memory = Memory::ra});
  const auto take = std::ranges::find(*all, "take~relaxed", &Weakened::name);
  EXPECT_THAT(take->noticed, HasSubstr("data race on data"));
  const auto trace =
      record(handover, {.memory = Memory::ra, .drop = {take->name()}}, take->witness);
  ASSERT_TRUE(trace) << trace.error().what;
  EXPECT_THAT(trace->broken, HasSubstr("data race on data"));
  EXPECT_THAT(trace->token(), testing::StartsWith("1:ra:take~relaxed:"));
  EXPECT_EQ(replay(handover, trace->token())->broken, trace->broken);
}

TEST(Weakening, NoticesNothingWhereOrdersMeanNothing) {
  const auto all = weaken_each(handover, {.memory = Memory::sc});
  EXPECT_THAT(names(*all, true), IsEmpty());
  EXPECT_EQ(all->size(), 4u) << "each order was tried down to relaxed";
}

TEST(Weakening, OfAFenceToRelaxedLeavesItOut) {
  const Factory factory =
      sketch({[](Sketch& s) {
                s.note("r0", (put("x = 1", s.x, 1), fence("left", Order::seq_cst), s.load(s.y)));
              },
              [](Sketch& s) {
                s.note("r1", (put("y = 1", s.y, 1), fence("right", Order::seq_cst), s.load(s.x)));
              }});
  const auto all = weaken_each(factory, {.memory = Memory::ra});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_THAT(names(*all, true), ElementsAre("left~acq_rel", "right~acq_rel"));
}

TEST(Weakening, OfAnUpdateGoesBothWays) {
  EXPECT_THAT(weaker(Order::seq_cst, Use::update), ElementsAre(Order::acq_rel));
  EXPECT_THAT(weaker(Order::acq_rel, Use::update), ElementsAre(Order::acquire, Order::release));
  EXPECT_THAT(weaker(Order::seq_cst, Use::load), ElementsAre(Order::acquire));
  EXPECT_THAT(weaker(Order::seq_cst, Use::store), ElementsAre(Order::release));
  EXPECT_THAT(weaker(Order::relaxed, Use::load), IsEmpty());
}

TEST(Weakening, NeedsAllOfTheProgramAsItIs) {
  const auto refused = weaken_each(handover, {.memory = Memory::ra, .max_runs = 1});
  EXPECT_THAT(refused.error().what, HasSubstr("not exhaustive"));
}

}  // namespace
}  // namespace lab::explore
