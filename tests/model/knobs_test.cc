// The smallest sets of knobs that show each kind of failure: what a rule must look at, and what is
// not enough.
#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

// Rule-sets named by what they ask. Each starts from the earliest rule-set that has the rest.
const std::string kMaps = "A";
const std::string kMapsAndForcedCopies = "B";
const std::string kMapsAndUnsharing = "D1";
const std::string kReferencesAndForkCopies = "C1";
const std::string kMarkWithoutMarker = "E1,swap_marker=no";

// What the last read, through reference or memory, saw.
Value last_seen(const std::string& rules, const std::function<Value(Machine&)>& body) {
  Value value = 0;
  play_alone(rules, one_page(), [&](Machine& m) { value = body(m); });
  return value;
}

// A child takes a reference and unmaps; its parent writes; the child looks through the reference.
bool child_reads_parents_write(const std::string& rules) {
  return last_seen(rules, [](Machine& m) {
           m.fork(kParent, 1);
           m.take(kChild, kX, kGetToRead, kP);
           m.unmap(kChild, kX);
           m.write(kParent, kX, 77);
           return m.peek(kP).value_or(0);
         }) == 77;
}

// The reference is older than the fork, and the parent is the one who goes.
bool parent_reads_childs_write(const std::string& rules) {
  return last_seen(rules, [](Machine& m) {
           m.take(kParent, kX, kGetToRead, kP);
           m.fork(kParent, 1);
           m.unmap(kParent, kX);
           m.write(kChild, kX, 77);
           return m.peek(kP).value_or(0);
         }) == 77;
}

// Does the device still see what the CPU writes?
bool device_is_left_behind(const std::string& rules,
                           const std::function<void(Machine&)>& before_the_write, GupFlags how) {
  return last_seen(rules, [&](Machine& m) {
           if (how.write || how.pin) m.take(kParent, kX, how, kP);
           before_the_write(m);
           m.write(kParent, kX, 5);
           return m.peek(kP).value_or(0);
         }) != 5;
}

bool fork_leaves_device_behind(const std::string& rules) {
  return device_is_left_behind(
      rules, [](Machine& m) { m.fork(kParent, 1); }, kPinToWrite);
}
bool protection_leaves_device_behind(const std::string& rules) {
  return device_is_left_behind(
      rules,
      [](Machine& m) {
        m.protect(kParent, kX, Protection::read);
        m.protect(kParent, kX, Protection::write);
      },
      kPinToWrite);
}
bool read_pin_of_shared_page_is_left_behind(const std::string& rules) {
  return device_is_left_behind(rules,
                               [](Machine& m) {
                                 m.fork(kParent, 1);
                                 m.take(kParent, kX, kPinToRead, kP);
                               },
                               {});
}
bool swap_and_read_leave_device_behind(const std::string& rules) {
  return device_is_left_behind(
      rules,
      [](Machine& m) {
        m.swap_out(kParent, kX);
        m.read(kParent, kX);
      },
      kGetToWrite);
}
bool swap_alone_leaves_device_behind(const std::string& rules) {
  return device_is_left_behind(
      rules, [](Machine& m) { m.swap_out(kParent, kX); }, kGetToWrite);
}

TEST(MapCounts, LeakToWhoeverHasAReference) {
  EXPECT_TRUE(child_reads_parents_write(kMaps));
  EXPECT_TRUE(parent_reads_childs_write(kMaps));
}

TEST(MapCounts, WithForcedCopiesOrUnsharingLeakOnlyWhatWasTakenBeforeTheFork) {
  for (const std::string& rules : {kMapsAndForcedCopies, kMapsAndUnsharing}) {
    EXPECT_FALSE(child_reads_parents_write(rules)) << rules;
    EXPECT_TRUE(parent_reads_childs_write(rules)) << rules;
  }
}

TEST(MapCounts, LeaveReadPinsOfSharedPagesBehindButNotProtectedOnes) {
  EXPECT_TRUE(read_pin_of_shared_page_is_left_behind(kMaps));
  EXPECT_FALSE(protection_leaves_device_behind(kMaps));
}

TEST(ReferenceCounts, LeaveProtectedPinsBehindButNotForkedOnes) {
  EXPECT_TRUE(protection_leaves_device_behind(kReferencesAndForkCopies));
  EXPECT_FALSE(fork_leaves_device_behind(kReferencesAndForkCopies));
  EXPECT_FALSE(child_reads_parents_write(kReferencesAndForkCopies));
}

TEST(ReferenceCounts, WithMapsAtSwapInDependOnWhichFaultComesFirst) {
  EXPECT_TRUE(swap_and_read_leave_device_behind("C1"));
  EXPECT_FALSE(swap_alone_leaves_device_behind("C1"));
  EXPECT_TRUE(swap_and_read_leave_device_behind("C2"));
  EXPECT_TRUE(swap_alone_leaves_device_behind("C2"));
}

TEST(AMark, WithoutAMarkerOnSwapIsLostThere) {
  EXPECT_TRUE(swap_and_read_leave_device_behind(kMarkWithoutMarker));
  EXPECT_TRUE(swap_alone_leaves_device_behind(kMarkWithoutMarker));
  EXPECT_FALSE(protection_leaves_device_behind(kMarkWithoutMarker));
  EXPECT_FALSE(swap_and_read_leave_device_behind("E1"));
  EXPECT_FALSE(swap_alone_leaves_device_behind("E1"));
}

TEST(AMark, LeavesNothingBehindThatIsPinned) {
  for (const std::string rules : {"E0", "E1", "F", "cleave"}) {
    EXPECT_FALSE(child_reads_parents_write(rules)) << rules;
    EXPECT_FALSE(parent_reads_childs_write(rules)) << rules;
    EXPECT_FALSE(fork_leaves_device_behind(rules)) << rules;
    EXPECT_FALSE(protection_leaves_device_behind(rules)) << rules;
    EXPECT_FALSE(read_pin_of_shared_page_is_left_behind(rules)) << rules;
  }
}

}  // namespace
}  // namespace lab::model
