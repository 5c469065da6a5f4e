// What a program does while no thread runs, and how it is put back.
#include <deque>

#include <gmock/gmock.h>

#include "lab/explore/search/explorer.h"

namespace lab::explore {
namespace {

using testing::ElementsAre;

struct Alone : Program {
  Shared<int> x{"x"}, y{"y"};
  std::deque<Shared<int>> made;

  // A sum over steps of every kind.
  void add_up() {
    put("x", x, 5);
    fence("between");
    step("y", [&] { y.write(x.read() + 1); });
    step("makes", [&] { made.emplace_back("made", 7); });
  }
  Execution::Alone attempt(const std::function<void()>& body) {
    const std::size_t before = made.size();
    return Execution::here().attempt(body, [this, before] {
      while (made.size() > before) made.pop_back();
    });
  }
};

// Whatever the memory, what is done before the threads start is there for all of them.
struct BeforeThreads : Alone {
  void start(Threads& threads) override {
    Execution::here().alone([this] { add_up(); });
    threads.add("one", [this] { step("adds", [&] { x.write(x.read() + made.front().read()); }); });
  }
  void end(Outcome& outcome) override {
    outcome.note("x", static_cast<std::uint64_t>(x.read()));
    outcome.note("y", static_cast<std::uint64_t>(y.read()));
  }
};

struct Attempts : Alone {
  void start(Threads& threads) override {
    threads.add("one", [this] { step("writes", [&] { x.write(1); }); });
  }
  void end(Outcome& outcome) override {
    Execution& execution = Execution::here();
    const auto note = [&](const char* name, auto value) {
      outcome.note(name, static_cast<std::uint64_t>(value));
    };
    const Hash128 before = execution.state(false);
    Hash128 inside;
    const auto through = [&] {
      add_up();
      inside = execution.state(false);
    };
    note("through", attempt(through).came);
    note("changed", !(inside == before));
    const Hash128 first = inside;
    note("again", attempt(through).came);
    note("the same", inside == first);
    note("waits", attempt([&] {
                    await(
                        "y", [&] { return y.read() == 9; }, [] {});
                  }).came);
    note("for ever", attempt([&] {
                       for (;;) step("round", [&] { y.add(1); });
                     }).came);
    const Execution::Alone broke = attempt([&] {
      step("writes", [&] { x.write(3); });
      broken("x is odd");
    });
    note("broke", broke.came);
    note("told", broke.what == "x is odd");
    note("x", x.read());
    note("y", y.read());
    note("back", execution.state(false) == before);
    note("violations", execution.violations().size());
  }
};

template <typename Program>
std::vector<std::uint64_t> ends(Memory memory) {
  Options options;
  options.memory = memory;
  const auto result = explore([] { return std::make_unique<Program>(); }, options);
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(result->outcomes.size(), 1u);
  std::vector<std::uint64_t> values;
  for (const Outcome::Value& value : result->outcomes.front().outcome.values())
    values.push_back(value.value);
  return values;
}

TEST(WhatHappensAlone, IsThereForTheThreads) {
  for (const Memory memory : {Memory::sc, Memory::tso, Memory::ra})
    EXPECT_THAT(ends<BeforeThreads>(memory), ElementsAre(12, 6)) << name(memory);
}

TEST(WhatHappensAlone, IsPutBackAfterAnAttempt) {
  constexpr auto kThrough = static_cast<std::uint64_t>(Execution::Came::through);
  constexpr auto kWaits = static_cast<std::uint64_t>(Execution::Came::waits);
  constexpr auto kBroke = static_cast<std::uint64_t>(Execution::Came::broke);
  for (const Memory memory : {Memory::sc, Memory::tso, Memory::ra})
    EXPECT_THAT(ends<Attempts>(memory),
                ElementsAre(kThrough, 1, kThrough, 1, kWaits, kWaits, kBroke, 1, 1, 0, 1, 0))
        << name(memory);
}

}  // namespace
}  // namespace lab::explore
