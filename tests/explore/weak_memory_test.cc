// What a program meets under ra beyond atomics: races, locks, waits, steps that touch much.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/explore/execution/atomic.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Shop : Program {
  using Body = std::function<void(Shop&)>;
  explicit Shop(const std::vector<Body>& bodies) : bodies_(bodies) {}
  Atomic<int> x{"x"};
  Atomic<int> y{"y"};
  Plain<int> data{"data"};
  Mutex left{"left"};
  Mutex right{"right"};
  std::unique_ptr<Atomic<int>> made;
  std::array<int, 2> r{};

  void start(Threads& threads) override {
    static constexpr const char* kNames[] = {"P0", "P1", "P2"};
    for (std::size_t i = 0; i < bodies_.size(); ++i)
      threads.add(kNames[i], [this, i] { bodies_[i](*this); });
  }
  void end(Outcome& outcome) override {
    outcome.note("r0", static_cast<std::uint64_t>(r[0]));
    outcome.note("r1", static_cast<std::uint64_t>(r[1]));
  }

 private:
  const std::vector<Body>& bodies_;
};

std::set<std::string> found(std::vector<Shop::Body> bodies, Memory memory = Memory::ra) {
  const Factory factory = [bodies = std::move(bodies)] { return std::make_unique<Shop>(bodies); };
  const auto result = explore(factory, {.memory = memory});
  EXPECT_TRUE(result) << result.error().what;
  const auto all = findings(*result);
  EXPECT_EQ(all, findings(*explore(factory, {.memory = memory, .search = Search::naive})));
  EXPECT_EQ(all, findings(*explore(factory, {.memory = memory, .search = Search::states})));
  return all;
}

TEST(WeakMemory, TwoWritesWithoutOrderAreADataRaceInOneWordingWhoeverIsFirst) {
  const auto write = [](Shop& s) { s.data.write(1, "writes"); };
  EXPECT_THAT(found({write, write}),
              ElementsAre("broken: data race on data: P0 at \"writes\" and P1 at \"writes\"; "));
}
TEST(WeakMemory, TwoReadsAreNone) {
  const auto read = [](Shop& s) { (void)s.data.read(); };
  EXPECT_THAT(found({read, read}), ElementsAre("r0=0 r1=0"));
}
TEST(WeakMemory, AFlagThatReleasesAndAcquiresOrdersWhatIsPlain) {
  const auto program = [](Order store, Order load) {
    return std::vector<Shop::Body>{[=](Shop& s) { s.data.write(1), s.x.store(1, store); },
                                   [=](Shop& s) {
                                     if (s.x.load(load) == 1) s.r[0] = s.data.read();
                                   }};
  };
  EXPECT_THAT(found(program(Order::release, Order::acquire)),
              ElementsAre("r0=0 r1=0", "r0=1 r1=0"));
  EXPECT_THAT(found(program(Order::relaxed, Order::acquire)),
              testing::Contains(HasSubstr("data race on data")));
  EXPECT_THAT(found(program(Order::release, Order::relaxed)),
              testing::Contains(HasSubstr("data race on data")));
}

TEST(WeakMemory, ALockOrdersWhatIsDoneUnderIt) {
  const auto add = [](Shop& s, std::size_t mine) {
    s.left.lock();
    s.data.write(s.data.read() + 1);
    s.r[mine] = s.data.read();
    s.left.unlock();
  };
  for (const Memory memory : {Memory::sc, Memory::tso, Memory::ra}) {
    EXPECT_THAT(found({[=](Shop& s) { add(s, 0); }, [=](Shop& s) { add(s, 1); }}, memory),
                ElementsAre("r0=1 r1=2", "r0=2 r1=1"))
        << name(memory);
  }
}
TEST(WeakMemory, ALockIsNoFence) {
  const std::vector<Shop::Body> bodies{[](Shop& s) {
                                         s.x.store(1, Order::relaxed);
                                         s.left.lock(), s.left.unlock();
                                         s.r[0] = s.y.load(Order::relaxed);
                                       },
                                       [](Shop& s) {
                                         s.y.store(1, Order::relaxed);
                                         s.right.lock(), s.right.unlock();
                                         s.r[1] = s.x.load(Order::relaxed);
                                       }};
  EXPECT_THAT(found(bodies), testing::Contains("r0=0 r1=0"));
}
TEST(WeakMemory, ThreadsThatTakeLocksInDifferentOrdersStandStill) {
  const auto both = [](Mutex& first, Mutex& second) { first.lock(), second.lock(); };
  EXPECT_THAT(found({[=](Shop& s) { both(s.left, s.right), s.right.unlock(), s.left.unlock(); },
                     [=](Shop& s) { both(s.right, s.left), s.left.unlock(), s.right.unlock(); }}),
              testing::Contains(AllOf(HasSubstr("deadlock"), HasSubstr("for right"))));
}

TEST(WeakMemory, WhatAThreadMakesHasToBePublished) {
  const auto program = [](Order store) {
    return std::vector<Shop::Body>{
        [=](Shop& s) {
          step("make", [&] { s.made = std::make_unique<Atomic<int>>("made", 1); });
          s.x.store(1, store);
        },
        [](Shop& s) {
          if (s.x.load(Order::acquire) == 1) s.r[0] = s.made->load(Order::relaxed);
        }};
  };
  EXPECT_THAT(found(program(Order::release)), ElementsAre("r0=0 r1=0", "r0=1 r1=0"));
}

TEST(WeakMemory, AWaitEndsWithWhatIsOldToo) {
  const std::vector<Shop::Body> bodies{
      [](Shop& s) { s.x.store(1, Order::relaxed), s.x.store(2, Order::relaxed); },
      [](Shop& s) { s.r[0] = s.x.wait_until([](int x) { return x > 0; }, Order::relaxed); }};
  EXPECT_THAT(found(bodies), ElementsAre("r0=1 r1=0", "r0=2 r1=0"));
}
TEST(WeakMemory, AWaitForWhatNeverComesIsADeadlock) {
  const std::vector<Shop::Body> bodies{[](Shop& s) { s.x.store(1, Order::relaxed); },
                                       [](Shop& s) {
                                         s.r[0] = s.x.wait_until([](int x) { return x == 3; },
                                                                 Order::relaxed, "waits");
                                       }};
  for (const Memory memory : {Memory::sc, Memory::ra}) {
    EXPECT_THAT(found(bodies, memory), ElementsAre("deadlock: P1 waits at \"waits\" for x; "));
  }
}

TEST(WeakMemory, AFenceOfAllThreadsIsRefusedUnderTso) {
  const auto all = found({[](Shop&) { heavy_fence("heavy"); }}, Memory::tso);
  EXPECT_THAT(all, ElementsAre(HasSubstr("not modelled under tso")));
}

TEST(WeakMemory, ALookAtSeveralVariablesMayFindEachOfThemOld) {
  const Factory factory = sketch({[](Sketch& s) { put("x", s.x, 1), put("y", s.y, 1); },
                                  [](Sketch& s) {
                                    // The second is never newer than what came before it allows.
                                    s.note("r", look("both", [&] {
                                             const int y = s.y.read();
                                             return 10 * y + s.x.read();
                                           }));
                                  }});
  const auto all = findings(*explore(factory, {.memory = Memory::ra}));
  EXPECT_EQ(all, (std::set<std::string>{"r=0 x=1 y=1 z=0", "r=1 x=1 y=1 z=0", "r=11 x=1 y=1 z=0"}));
}
// As a lock that is taken for reading: the second step comes after the first, and knows it.
TEST(WeakMemory, AStepThatStoresComesAfterStepsThatReadTheSame) {
  const Factory factory =
      sketch({[](Sketch& s) { step("reads x", [&] { s.y.write(1 + s.x.read()); }); },
              [](Sketch& s) {
                step("stores x", [&] { s.x.write(1); });
                s.note("r", s.load(s.y));
              }});
  const auto all = findings(*explore(factory, {.memory = Memory::ra}));
  EXPECT_EQ(all, findings(*explore(factory, {.memory = Memory::sc})));
}
TEST(WeakMemory, AStepThatChoosesTooOftenIsAFailure) {
  const Factory factory = sketch({[](Sketch& s) { put("x", s.x, 1); },
                                  [](Sketch& s) {
                                    (void)look("much", [&] {
                                      int sum = 0;
                                      for (int i = 0; i < 70; ++i) sum += s.y.read();
                                      return sum;
                                    });
                                  }});
  EXPECT_TRUE(explore(factory, {.memory = Memory::ra})->failures.empty()) << "it has no choice";
  const Factory many = sketch({[](Sketch& s) { (void)s.load(s.y); },
                               [](Sketch& s) {
                                 (void)choose("a", 1U << 31), (void)choose("b", 2);
                                 (void)look("much", [&] { return s.y.read(); });
                               }});
  const auto sampled = explore(many, {.memory = Memory::ra, .search = Search::random, .runs = 20});
  EXPECT_TRUE(sampled->failures.empty()) << "each step has a number of its own";
}

TEST(WeakMemory, EqualThreadsAreToldApartByStates) {
  const Factory factory = sketch({[](Sketch& s) { put("x", s.x, 1); }});
  const auto refused =
      explore(factory, {.memory = Memory::ra, .search = Search::states, .symmetry = true});
  EXPECT_THAT(refused.error().what, HasSubstr("search by dpor"));
}

}  // namespace
}  // namespace lab::explore
