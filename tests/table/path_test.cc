#include "table/path.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "table/geometry.h"
#include "table/table.h"
#include "tests/support/on_a_pool.h"
#include "tests/table/tree.h"

namespace cleave::detail {
namespace {

// Pages that part at each level, each with its neighbours.
std::vector<PageNo> pages_that_part() {
  std::vector<std::uint64_t> found{0, 1, kLast};
  for (unsigned level = 1; level < kMostLevels; ++level) {
    for (const std::uint64_t at : {pages_per_entry(level), 3 * pages_per_entry(level) / 2}) {
      found.insert(found.end(), {at - 1, at, at + 1});
    }
  }
  std::ranges::sort(found);
  const auto twice = std::ranges::unique(found);
  found.erase(twice.begin(), twice.end());
  std::vector<PageNo> pages;
  for (const std::uint64_t page : found) pages.push_back(PageNo{page});
  return pages;
}

class PathOfPages : public OnAPool {};

TEST_F(PathOfPages, LeadsToTheSameFramesFromWhereverItStands) {
  Tree tree(pool);
  const auto pages = pages_that_part();
  for (std::size_t i = 0; i < pages.size(); i += 2) tree.write(pages[i], 1);  // the others: absent
  for (const PageNo from : pages) {
    for (const PageNo to : pages) {
      Path<const Node> path;
      EXPECT_EQ(tree.table.find(from, path), tree.table.find(from));
      EXPECT_EQ(tree.table.find(to, path), tree.table.find(to)) << raw(from) << " " << raw(to);
      EXPECT_EQ(tree.table.find(from, path), tree.table.find(from)) << raw(to);
    }
  }
}

// That it saves steps: it begins as low as it can.
TEST_F(PathOfPages, BeginsAtTheLowestNodeThatBothPagesHaveOnTheirWay) {
  Tree tree(pool);
  const PageNo page{pages_per_entry(kMostLevels - 1)};
  tree.write(page, 1);
  for (unsigned level = 0; level < kMostLevels; ++level) {
    Path<const Node> path;
    EXPECT_EQ(path.towards(page), nullptr);
    EXPECT_NE(tree.table.find(page, path), kZeroFrame);
    // Another entry of a node at `level`.
    const Node* from = path.towards(PageNo{raw(page) ^ pages_per_entry(level)});
    ASSERT_NE(from, nullptr);
    EXPECT_EQ(from->level, level);
  }
}

TEST_F(PathOfPages, LeadsNowhereInAnEmptyTree) {
  const Tree tree(pool);
  Path<const Node> path;
  for (const PageNo page : pages_that_part()) EXPECT_EQ(tree.table.find(page, path), kZeroFrame);
}

// The tree grows on the way, and what is shared is copied.
TEST_F(PathOfPages, OwnsWhatIsReplacedTogether) {
  Tree tree(pool);
  tree.write(PageNo{0}, 1);
  Tree sharer(pool);
  sharer.share(tree);
  Frames& frames = HandleAccess::state(pool);
  const std::vector<std::byte> bytes(kPageSize, std::byte{7});
  std::vector<Table::NewPage> wanted;
  for (const PageNo page : pages_that_part()) wanted.push_back({page, bytes.data()});
  std::ranges::shuffle(wanted, std::mt19937(1));
  for (std::size_t done = 0; done < wanted.size();) {
    const std::size_t count = std::min(wanted.size() - done, Table::kMostNewPages);
    done += must(tree.table.replace(std::span(wanted).subspan(done, count), frames));
  }
  for (const PageNo page : pages_that_part()) {
    EXPECT_EQ(tree.read(page), 7);
    EXPECT_TRUE(tree.owns(page));
  }
  EXPECT_EQ(sharer.read(PageNo{0}), 1);
  EXPECT_FALSE(sharer.has(PageNo{1}));
}

}  // namespace
}  // namespace cleave::detail
