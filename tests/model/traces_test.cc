// Counters after each step of well-known cases, under the rule-sets that they decide between.
#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

struct Line {
  const char* operation;
  std::function<void(Machine&)> act;
  std::string then;  // what describe() says after it
};

void trace(const std::string& rules, const Setup& setup, const std::vector<Line>& lines) {
  play_alone(rules, setup, [&](Machine& m) {
    for (const Line& line : lines) {
      line.act(m);
      const std::string is = between([&] { return m.describe(); });
      EXPECT_EQ(is, line.then) << rules << ", after " << line.operation;
      EXPECT_EQ(between([&] { return m.invariant(); }).value_or(""), "")
          << rules << ", after " << line.operation;
    }
  });
}

auto fork() {
  return [](Machine& m) { EXPECT_EQ(m.fork(kParent, 1), Answer::done); };
}
auto take(Task task, GupFlags how) {
  return [=](Machine& m) { EXPECT_EQ(m.take(task, kX, how, kP), Answer::done); };
}
auto unmap(Task task) {
  return [=](Machine& m) { EXPECT_EQ(m.unmap(task, kX), Answer::done); };
}
auto write(Task task, Value value) {
  return [=](Machine& m) { EXPECT_EQ(m.write(task, kX, value), Answer::done); };
}
auto read(Task task) {
  return [=](Machine& m) { EXPECT_TRUE(m.read(task, kX).has_value()); };
}
auto swap_out() {
  return [](Machine& m) { EXPECT_EQ(m.swap_out(kParent, kX), Answer::done); };
}
auto protect(Protection protection) {
  return [=](Machine& m) { EXPECT_EQ(m.protect(kParent, kX, protection), Answer::done); };
}

TEST(Trace, TheChildsReferenceIsOverlookedByMapCountsAlone) {
  trace("A", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"child gets", take(kChild, kGetToRead), "x@P0:R x@P1:R: map 2 ref 3 = 1"},
         {"child unmaps", unmap(kChild), "x@P0:R: map 1 ref 2 = 1"},
         {"parent writes", write(kParent, 77), "x@P0:W: map 1 ref 2 = 77.1"}});
  trace("C0", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"child gets", take(kChild, kGetToRead), "x@P0:R x@P1:R: map 2 ref 3 = 1"},
         {"child unmaps", unmap(kChild), "x@P0:R: map 1 ref 2 = 1"},
         {"parent writes", write(kParent, 77),
          "unmapped: map 0 ref 1 = 1 | x@P0:W: map 1 ref 1 = 77.1"}});
  trace("E1", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"child gets", take(kChild, kGetToRead), "x@P0:R x@P1:R: map 2 ref 3 = 1"},
         {"child unmaps", unmap(kChild), "x@P0:R: map 1 ref 2 = 1"},
         {"parent writes", write(kParent, 77),
          "unmapped: map 0 ref 1 = 1 | x@P0:W: map 1 ref 1 e = 77.1"}});
}

TEST(Trace, ForcedCopiesGiveTheChildAPageOfItsOwn) {
  for (const std::string rules : {"B", "D0"}) {
    const std::string child = rules == "B" ? "x@P1:W" : "x@P1:R";
    trace(rules, one_page(),
          {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
           {"child gets", take(kChild, kGetToRead),
            "x@P0:R: map 1 ref 1 = 1 | " + child + ": map 1 ref 2 = 1"},
           {"child unmaps", unmap(kChild), "x@P0:R: map 1 ref 1 = 1 | unmapped: map 0 ref 1 = 1"},
           {"parent writes", write(kParent, 77),
            "x@P0:W: map 1 ref 1 = 77.1 | unmapped: map 0 ref 1 = 1"}});
  }
}

TEST(Trace, AForkSharesOrCopiesWhatIsPinned) {
  trace("A", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 = 1"},
         {"fork", fork(), "x@P0:R x@P1:R: map 2 ref 1026 = 1"},
         {"parent writes", write(kParent, 2),
          "x@P1:R: map 1 ref 1025 = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  trace("C0", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 = 1"},
         {"fork", fork(), "x@P0:W: map 1 ref 1025 = 1 | x@P1:W: map 1 ref 1 = 1"}});
  trace("E0", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 e = 1"},
         {"fork", fork(), "x@P0:W: map 1 ref 1025 e = 1 | x@P1:W: map 1 ref 1 e = 1"}});
  trace("cleave", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1 pins 1 = 1"},
         {"fork", fork(), "x@P0:W: map 1 ref 1 pins 1 = 1 | x@P1:W: map 1 ref 1 = 1"}});
}

TEST(Trace, ProtectionTakenAndGivenBack) {
  trace("A", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 = 1"},
         {"protect", protect(Protection::read), "x@P0:R: map 1 ref 1025 = 1"},
         {"unprotect", protect(Protection::write), "x@P0:R: map 1 ref 1025 = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 1025 = 2.1"}});
  trace("C1", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 = 1"},
         {"protect", protect(Protection::read), "x@P0:R: map 1 ref 1025 = 1"},
         {"unprotect", protect(Protection::write), "x@P0:R: map 1 ref 1025 = 1"},
         {"write", write(kParent, 2), "unmapped: map 0 ref 1024 = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  trace("E1", one_page(),
        {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 e = 1"},
         {"protect", protect(Protection::read), "x@P0:R: map 1 ref 1025 e = 1"},
         {"unprotect", protect(Protection::write), "x@P0:W: map 1 ref 1025 e = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 1025 e = 2.1"}});
}

TEST(Trace, AReadPinOfASharedPage) {
  trace("A", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"pin", take(kParent, kPinToRead), "x@P0:R x@P1:R: map 2 ref 1026 = 1"},
         {"write", write(kParent, 2), "x@P1:R: map 1 ref 1025 = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  trace("D0", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"pin", take(kParent, kPinToRead), "x@P1:R: map 1 ref 1 = 1 | x@P0:R: map 1 ref 1025 = 1"},
         {"write", write(kParent, 2),
          "x@P1:R: map 1 ref 1 = 1 | unmapped: map 0 ref 1024 = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  trace("D1", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"pin", take(kParent, kPinToRead), "x@P1:R: map 1 ref 1 = 1 | x@P0:R: map 1 ref 1025 = 1"},
         {"write", write(kParent, 2), "x@P1:R: map 1 ref 1 = 1 | x@P0:W: map 1 ref 1025 = 2.1"}});
  trace(
      "E0", one_page(),
      {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
       {"pin", take(kParent, kPinToRead), "x@P1:R: map 1 ref 1 = 1 | x@P0:R: map 1 ref 1025 e = 1"},
       {"write", write(kParent, 2), "x@P1:R: map 1 ref 1 = 1 | x@P0:W: map 1 ref 1025 e = 2.1"}});
}

TEST(Trace, AReadPinOfAPageWhoseOtherOwnerIsGone) {
  trace("C1", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"child exits", [](Machine& m) { m.exit(kChild); }, "x@P0:R: map 1 ref 1 = 1"},
         {"pin", take(kParent, kPinToRead), "x@P0:R: map 1 ref 1025 = 1"},
         {"write", write(kParent, 2), "unmapped: map 0 ref 1024 = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  trace("E1", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"child exits", [](Machine& m) { m.exit(kChild); }, "x@P0:R: map 1 ref 1 = 1"},
         {"pin", take(kParent, kPinToRead), "x@P0:R: map 1 ref 1025 e = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 1025 e = 2.1"}});
}

TEST(Trace, AnOwnerWhoHasThePageOnSwapIsCountedByReferencesOnly) {
  trace("A", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"reclaim", swap_out(), "slot 0: swap 2 = 1"},
         {"child reads", read(kChild), "x@P1:R: map 1 ref 2 swap 1 cached = 1"},
         {"child gets", take(kChild, kGetToRead), "x@P1:R: map 1 ref 3 swap 1 cached = 1"},
         {"child unmaps", unmap(kChild), "unmapped: map 0 ref 2 swap 1 cached = 1"},
         {"parent writes", write(kParent, 77), "x@P0:W: map 1 ref 2 = 77.1"}});
  trace("C2", one_page(),
        {{"fork", fork(), "x@P0:R x@P1:R: map 2 ref 2 = 1"},
         {"reclaim", swap_out(), "slot 0: swap 2 = 1"},
         {"child reads", read(kChild), "x@P1:R: map 1 ref 2 swap 1 cached = 1"},
         {"child gets", take(kChild, kGetToRead), "x@P1:R: map 1 ref 3 swap 1 cached = 1"},
         {"child unmaps", unmap(kChild), "unmapped: map 0 ref 2 swap 1 cached = 1"},
         {"parent writes", write(kParent, 77),
          "x@P0:W: map 1 ref 1 = 77.1 | unmapped: map 0 ref 2 swap 0 cached = 1"}});
}

TEST(Trace, AWritingReferenceAcrossSwap) {
  trace("A", one_page(),
        {{"get", take(kParent, kGetToWrite), "x@P0:W: map 1 ref 2 = 1"},
         {"reclaim", swap_out(), "unmapped: map 0 ref 2 swap 1 cached = 1"},
         {"read", read(kParent), "x@P0:R: map 1 ref 3 swap 0 cached = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 2 = 2.1"}});
  for (const std::string rules : {"C0", "C2"}) {
    trace(rules, one_page(),
          {{"get", take(kParent, kGetToWrite), "x@P0:W: map 1 ref 2 = 1"},
           {"reclaim", swap_out(), "unmapped: map 0 ref 2 swap 1 cached = 1"},
           {"read", read(kParent), "x@P0:R: map 1 ref 3 swap 0 cached = 1"},
           {"write", write(kParent, 2),
            "unmapped: map 0 ref 2 swap 0 cached = 1 | x@P0:W: map 1 ref 1 = 2.1"}});
  }
  trace("E1", one_page(),
        {{"get", take(kParent, kGetToWrite), "x@P0:W: map 1 ref 2 e = 1"},
         {"reclaim", swap_out(), "unmapped: map 0 ref 2 swap 1 cached = 1"},
         {"read", read(kParent), "x@P0:R: map 1 ref 3 swap 0 cached e = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 3 swap 0 cached e = 2.1"}});
}

TEST(Trace, AReadFaultOnSwapMapsAnExclusivePageWritableSinceSixPointFifteen) {
  trace("F", one_page(),
        {{"get", take(kParent, kGetToWrite), "x@P0:W: map 1 ref 2 e = 1"},
         {"reclaim", swap_out(), "unmapped: map 0 ref 2 swap 1 cached = 1"},
         {"read", read(kParent), "x@P0:W: map 1 ref 3 swap 0 cached e = 1"}});
}

TEST(Trace, ForksOfASwappedPageTakeTheMarkFromBothEntries) {
  trace("E1", one_page(),
        {{"reclaim", swap_out(), "slot 0: swap 1 = 1"},
         {"fork", fork(), "slot 0: swap 2 = 1"},
         {"parent reads", read(kParent), "x@P0:R: map 1 ref 2 swap 1 cached = 1"},
         {"parent writes", write(kParent, 2),
          "unmapped: map 0 ref 1 swap 1 cached = 1 | x@P0:W: map 1 ref 1 e = 2.1"},
         {"child writes", write(kChild, 3),
          "x@P1:W: map 1 ref 1 e = 3.1 | x@P0:W: map 1 ref 1 e = 2.1"}});
}

TEST(Trace, AProtectedPageIsGivenBackByAFaultOrAtOnce) {
  const auto wp = [](Machine& m) { EXPECT_EQ(m.write_protect(kParent, kX), Answer::done); };
  const auto unwp = [](Machine& m) { EXPECT_EQ(m.write_unprotect(kParent, kX), Answer::done); };
  trace("E0", one_page(),
        {{"wp", wp, "x@P0:R: map 1 ref 1 e = 1"},
         {"unwp", unwp, "x@P0:R: map 1 ref 1 e = 1"},
         {"write", write(kParent, 2), "x@P0:W: map 1 ref 1 e = 2.1"}});
  trace("E1", one_page(),
        {{"wp", wp, "x@P0:R: map 1 ref 1 e = 1"}, {"unwp", unwp, "x@P0:W: map 1 ref 1 e = 1"}});
}

TEST(Trace, AnUnmappedPinnedPageKeepsItsMarkUntilItIsReleased) {
  trace(
      "E1", one_page(),
      {{"pin", take(kParent, kPinToWrite), "x@P0:W: map 1 ref 1025 e = 1"},
       {"unmap", unmap(kParent), "unmapped: map 0 ref 1024 e = 1"},
       {"map", [](Machine& m) { EXPECT_EQ(m.map(kParent, kX), Answer::done); },
        "unmapped: map 0 ref 1024 e = 1"},
       {"write", write(kParent, 5), "unmapped: map 0 ref 1024 e = 1 | x@P0:W: map 1 ref 1 e = 5.0"},
       {"drop", [](Machine& m) { m.drop(kP); }, "x@P0:W: map 1 ref 1 e = 5.0"}});
}

}  // namespace
}  // namespace lab::model
