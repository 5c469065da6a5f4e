// The textbook's tests of memory orders have the textbook's verdicts.
#include <gtest/gtest.h>

#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

struct Verdicts {
  bool sc;
  bool tso;
};

// Whether some run has these values.
using Values = std::vector<std::pair<const char*, std::uint64_t>>;
bool allows(const Factory& factory, Memory memory, const Values& values, Search search) {
  const auto result = explore(factory, {.memory = memory, .search = search});
  EXPECT_EQ(result->coverage.text(), "exhaustive");
  EXPECT_TRUE(result->failures.empty());
  return std::ranges::any_of(result->outcomes, [&](const Seen& seen) {
    return std::ranges::all_of(
        values, [&](const auto& value) { return *seen.outcome.find(value.first) == value.second; });
  });
}

void expect(std::vector<Sketch::Body> bodies, const Values& values, Verdicts verdicts) {
  const Factory factory = sketch(std::move(bodies));
  for (const Search search : {Search::dpor, Search::states, Search::naive}) {
    EXPECT_EQ(allows(factory, Memory::sc, values, search), verdicts.sc);
    EXPECT_EQ(allows(factory, Memory::tso, values, search), verdicts.tso);
  }
}

// Two threads' statements, in short.
void store(Shared<int>& variable, int value) { put("store", variable, value); }

TEST(Orders, StoreBuffering) {
  expect({[](Sketch& s) { store(s.x, 1), s.note("r0", s.load(s.y)); },
          [](Sketch& s) { store(s.y, 1), s.note("r1", s.load(s.x)); }},
         {{"r0", 0}, {"r1", 0}}, {.sc = false, .tso = true});
}

TEST(Orders, StoreBufferingWithFences) {
  const auto bodies = [] {
    return std::vector<Sketch::Body>{
        [](Sketch& s) { store(s.x, 1), fence("left"), s.note("r0", s.load(s.y)); },
        [](Sketch& s) { store(s.y, 1), fence("right"), s.note("r1", s.load(s.x)); }};
  };
  expect(bodies(), {{"r0", 0}, {"r1", 0}}, {.sc = false, .tso = false});
}

TEST(Orders, StoreBufferingWithOneFence) {
  expect({[](Sketch& s) { store(s.x, 1), fence("left"), s.note("r0", s.load(s.y)); },
          [](Sketch& s) { store(s.y, 1), s.note("r1", s.load(s.x)); }},
         {{"r0", 0}, {"r1", 0}}, {.sc = false, .tso = true});
}

TEST(Orders, StoreBufferingWithALockedInstruction) {
  const auto locked = [](Shared<int>& v) { step("xchg", [&] { v.write(1); }); };
  expect({[=](Sketch& s) { locked(s.x), s.note("r0", s.load(s.y)); },
          [=](Sketch& s) { locked(s.y), s.note("r1", s.load(s.x)); }},
         {{"r0", 0}, {"r1", 0}}, {.sc = false, .tso = false});
}

TEST(Orders, MessagePassing) {
  expect({[](Sketch& s) { store(s.x, 1), store(s.y, 1); },
          [](Sketch& s) { s.note("r0", s.load(s.y)), s.note("r1", s.load(s.x)); }},
         {{"r0", 1}, {"r1", 0}}, {.sc = false, .tso = false});
}

TEST(Orders, LoadBuffering) {
  expect({[](Sketch& s) { s.note("r0", s.load(s.x)), store(s.y, 1); },
          [](Sketch& s) { s.note("r1", s.load(s.y)), store(s.x, 1); }},
         {{"r0", 1}, {"r1", 1}}, {.sc = false, .tso = false});
}

TEST(Orders, IndependentReadsOfIndependentWrites) {
  expect({[](Sketch& s) { store(s.x, 1); }, [](Sketch& s) { store(s.y, 1); },
          [](Sketch& s) { s.note("r0", s.load(s.x)), s.note("r1", s.load(s.y)); },
          [](Sketch& s) { s.note("r2", s.load(s.y)), s.note("r3", s.load(s.x)); }},
         {{"r0", 1}, {"r1", 0}, {"r2", 1}, {"r3", 0}}, {.sc = false, .tso = false});
}

TEST(Orders, TwoPlusTwoWrites) {
  expect({[](Sketch& s) { store(s.x, 1), store(s.y, 2); },
          [](Sketch& s) { store(s.y, 1), store(s.x, 2); }},
         {{"x", 1}, {"y", 1}}, {.sc = false, .tso = false});
}

TEST(Orders, WriteThenReadAgainstTwoWrites) {  // R
  expect({[](Sketch& s) { store(s.x, 1), store(s.y, 1); },
          [](Sketch& s) { store(s.y, 2), s.note("r0", s.load(s.x)); }},
         {{"y", 2}, {"r0", 0}}, {.sc = false, .tso = true});
}

TEST(Orders, ReadThenWriteAgainstTwoWrites) {  // S
  expect({[](Sketch& s) { store(s.x, 2), store(s.y, 1); },
          [](Sketch& s) { s.note("r0", s.load(s.y)), store(s.x, 1); }},
         {{"x", 2}, {"r0", 1}}, {.sc = false, .tso = false});
}

TEST(Orders, WriteToReadCausality) {
  expect({[](Sketch& s) { store(s.x, 1); },
          [](Sketch& s) { s.note("r0", s.load(s.x)), store(s.y, 1); },
          [](Sketch& s) { s.note("r1", s.load(s.y)), s.note("r2", s.load(s.x)); }},
         {{"r0", 1}, {"r1", 1}, {"r2", 0}}, {.sc = false, .tso = false});
}

TEST(Orders, AThreadReadsItsOwnWaitingStore) {  // n6 of the x86-TSO papers
  expect({[](Sketch& s) { store(s.x, 1), s.note("r0", s.load(s.x)), s.note("r1", s.load(s.y)); },
          [](Sketch& s) { store(s.y, 2), store(s.x, 2); }},
         {{"r0", 1}, {"r1", 0}, {"x", 1}}, {.sc = false, .tso = true});
}

TEST(Orders, ADroppedFenceIsNotThere) {
  const Factory factory =
      sketch({[](Sketch& s) { store(s.x, 1), fence("left"), s.note("r0", s.load(s.y)); },
              [](Sketch& s) { store(s.y, 1), fence("right"), s.note("r1", s.load(s.x)); }});
  const auto both = [](const Result& result) {
    return std::ranges::any_of(result.outcomes, [](const Seen& seen) {
      return *seen.outcome.find("r0") == 0 && *seen.outcome.find("r1") == 0;
    });
  };
  EXPECT_FALSE(both(*explore(factory, {.memory = Memory::tso})));
  EXPECT_TRUE(both(*explore(factory, {.memory = Memory::tso, .drop = {"left"}})));
  EXPECT_TRUE(both(*explore(factory, {.memory = Memory::tso, .drop = {"right"}})));
  EXPECT_FALSE(both(*explore(factory, {.memory = Memory::tso, .drop = {"another"}})));
}

}  // namespace
}  // namespace lab::explore
