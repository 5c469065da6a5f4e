// A recount finds what is wrong with tables: each violation is planted, found, and taken back.
#include "table/validate.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/pool.h>

#include "base/handle_access.h"
#include "table/table.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

using testing::HasSubstr;

constexpr PageNo kLow{3};
constexpr PageNo kHigh{kFanout + 7};  // so that there is a node above

class RecountOfTables : public OnAPool {
 protected:
  RecountOfTables() : frames(HandleAccess::state(pool)) {
    tree.write(kLow, 1);
    tree.write(kHigh, 2);
    other.share(tree);
    other.write(kLow, 3);
  }

  void TearDown() override {
    tree_of_its_own.reset();
    tree_that_shares.reset();
    OnAPool::TearDown();
  }

  // "" if nothing is wrong.
  std::string wrong() {
    Recount recount(frames);
    recount.add(tree.table);
    recount.add(other.table);
    recount.compare();
    return recount.wrong() == nullptr ? "" : recount.wrong();
  }
  [[nodiscard]] Node& top() const { return *node_of(other.table.root()); }
  // The node whose entries are frames, kLow's among them.
  [[nodiscard]] Node& lowest() const {
    Node* node = &top();
    while (node->level != 0) {
      node = node_of(node->entries[entry_index(kLow, node->level)].load(sync::acquire));
    }
    return *node;
  }
  // An entry beside kLow's.
  [[nodiscard]] sync::atomic<Entry>& beside_low() const {
    return lowest().entries[entry_index(kLow + 1, 0)];
  }
  // With `value` in place of what `slot` holds.
  std::string wrong_with(sync::atomic<Entry>& slot, Entry value) {
    const Entry before = slot.load(sync::acquire);
    slot.store(value, sync::release);
    std::string found = wrong();
    slot.store(before, sync::release);
    return found;
  }

  Frames& frames;
  std::optional<Tree> tree_of_its_own{std::in_place, pool};
  std::optional<Tree> tree_that_shares{std::in_place, pool};
  Tree& tree = *tree_of_its_own;
  Tree& other = *tree_that_shares;
};

TEST_F(RecountOfTables, FindsNothingWrongWithWholeOnes) { EXPECT_EQ(wrong(), ""); }

TEST_F(RecountOfTables, FindsANodeThatIsCountedTooOften) {
  lowest().references.add(1, sync::relaxed);
  EXPECT_THAT(wrong(), HasSubstr("a node has not as many references"));
  lowest().references.sub(1, sync::relaxed);
}

TEST_F(RecountOfTables, FindsAFrameThatIsCountedTooOften) {
  FrameState& state = frames.state(other.table.find(kLow));
  ASSERT_TRUE(state.share());
  EXPECT_THAT(wrong(), HasSubstr("a frame has not as many references"));
  (void)state.drop();
}

TEST_F(RecountOfTables, FindsAFrameThatNoEntryNames) {
  const auto lost = must(frames.take());
  EXPECT_THAT(wrong(), HasSubstr("a frame is named by no entry"));
  drop(entry_for(lost.frame), frames);
}

TEST_F(RecountOfTables, FindsATableThatWasLeftOut) {
  Tree third(pool);
  third.write(kLow, 4);
  EXPECT_NE(wrong(), "");
}

TEST_F(RecountOfTables, FindsTheZeroFrame) {
  EXPECT_THAT(wrong_with(beside_low(), entry_for(kZeroFrame)), HasSubstr("zero frame"));
}

TEST_F(RecountOfTables, FindsEntriesOfAnotherLevel) {
  const Entry frame = lowest().entries[entry_index(kLow, 0)].load(sync::acquire);
  EXPECT_THAT(wrong_with(top().entries[0], frame), HasSubstr("above the lowest level"));
  EXPECT_THAT(wrong_with(beside_low(), tree.table.root()), HasSubstr("lowest level"));
  EXPECT_THAT(wrong_with(top().entries[0], tree.table.root()), HasSubstr("one level below"));
}

TEST_F(RecountOfTables, FindsAMissingHintAboveAPinnedFrame) {
  const PageRange one{kLow, kLow + 1};
  ASSERT_EQ(other.table.pin_owned(one, PinAccess::read, frames, [](FrameId) {}), Table::Stop::ok);
  EXPECT_EQ(wrong(), "");
  auto& slot = top().entries[0];
  EXPECT_THAT(wrong_with(slot, without_hint(slot.load(sync::acquire))), HasSubstr("no hint"));
  (void)frames.state(other.table.find(kLow)).unpin(PinAccess::read);
}

TEST_F(RecountOfTables, FindsNodesThatThePoolDoesNotCount) {
  frames.counters().nodes.sub(1, sync::relaxed);
  EXPECT_THAT(wrong(), HasSubstr("counts other nodes"));
  frames.counters().nodes.add(1, sync::relaxed);
}

}  // namespace
}  // namespace cleave::detail
