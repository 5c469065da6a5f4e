// Nodes that name pages are read when one of their pages is wanted, if they can wait for that.
#include <algorithm>
#include <array>

#include "image/format/commit.h"
#include "image/state.h"
#include "tests/image/lazy_contents.h"

namespace cleave::detail::image {
namespace {

// Nearly all pages of its leaves are some; each tenth is zeroes.
class LeavesOfAnImage : public LazyImageTest {
 protected:
  LeavesOfAnImage() {
    dense_ = pages(0, 1000, 5000);
    for (std::uint64_t page = 0; page < 1000; page += 10) dense_.erase(page);
    push("dense", dense_);
  }
  [[nodiscard]] std::uint64_t read_leaves(const ImageId& commit, std::uint64_t most) {
    RepositoryState state(at_.store());
    const Leased leased = must(state.lease(commit, "", most));
    EXPECT_EQ(leased.leaves.size(), 16u);
    return static_cast<std::uint64_t>(
        std::ranges::count_if(leased.leaves, [](const Leaf& leaf) { return leaf.ids != nullptr; }));
  }

  static constexpr std::uint64_t kMany = 1 << 20;
  Contents dense_;
};

TEST_F(LeavesOfAnImage, WaitWhereARefNamesIt) {
  EXPECT_EQ(read_leaves(id_, kMany), 0u);
  const ImageId before = id_;
  push("dense", pages(0, 1000, 1));
  EXPECT_EQ(read_leaves(before, kMany), 16u) << "no ref says that all of it is there";
  EXPECT_EQ(read_leaves(id_, kMany), 0u);
}

TEST_F(LeavesOfAnImage, AreReadWhereThereIsNoRoomForPagesThatMayBeZeroes) {
  EXPECT_EQ(read_leaves(id_, 1024), 0u) << "as many as they stand for";
  EXPECT_EQ(read_leaves(id_, 1023), 16u);
  LazyImages images = open({.pages = dense_.size()});
  LazyCheckout lazy = must(images.checkout(id_));
  expect_contents(lazy.space(), dense_);
}

TEST_F(LeavesOfAnImage, AreReadWhereMostOfTheirPagesWouldBeZeroes) {
  Contents sparse;
  for (std::uint64_t page = 0; page < 1024; page += 3) sparse[page] = 1 + page;
  push("sparse", sparse);
  EXPECT_EQ(read_leaves(id_, kMany), 16u);
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  expect_contents(lazy.space(), sparse);
}

// The first and the last of a node, and one alone.
TEST_F(LeavesOfAnImage, AreReadWithTheFewPagesThatTheyHave) {
  const Contents few = {{0, 9001}, {63, 9002}, {64, 9003}, {191, 9004}, {700, 9005}, {1023, 9006}};
  push("few", few);
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  expect_contents(lazy.space(), few);
  EXPECT_EQ(lazy.progress().had, few.size());
}

TEST_F(LeavesOfAnImage, GiveWhatTheCommitHoldsThoughTheyCameLate) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_EQ(lazy.progress().pages, dense_.size());
  EXPECT_EQ(must(page_of(lazy.space(), 990)), page_of_number(0));
  EXPECT_EQ(lazy.progress().had, 0u) << "zeroes are no page";
  expect_contents(lazy.space(), dense_);
  EXPECT_EQ(lazy.progress().had, dense_.size());
  EXPECT_EQ(must(lazy.remember()), dense_.size());
}

TEST_F(LeavesOfAnImage, AreReadForWhatWasTouched) {
  {
    LazyImages images = open();
    LazyCheckout lazy = must(images.checkout(id_));
    for (const std::uint64_t page : {1, 2, 10, 701, 999}) must(page_of(lazy.space(), page));
    EXPECT_EQ(must(lazy.remember()), 4u) << "page 10 is zeroes";
  }
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_EQ(must(lazy.recall()), 4u);
  EXPECT_EQ(lazy.progress().had, 4u);
  EXPECT_EQ(must(lazy.complete()), dense_.size() - 4);
  EXPECT_EQ(lazy.progress().had, dense_.size());
  EXPECT_EQ(must(lazy.remember()), 4u);
}

TEST_F(LeavesOfAnImage, AreKeptByTheLeaseThoughNobodyHasReadThem) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  for (const char* ref : {"main", "dense"}) must(at_.repository.forget(ref));
  for (int round = 0; round < 4; ++round) must(at_.repository.collect());
  expect_contents(lazy.space(), dense_);
}

TEST_F(LeavesOfAnImage, AreErrorsOfTheirPagesWhileTheyCannotBeHad) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  trouble_.dead = true;
  for (const std::uint64_t page : {7, 10, 999}) {
    const auto read = page_of(lazy.space(), page);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::io);
    EXPECT_EQ(read.error().where, address_of(PageNo{page}));
  }
  EXPECT_EQ(lazy.complete().error().code, Errc::io);
  trouble_.dead = false;
  expect_contents(lazy.space(), dense_);
}

// A stranger's leaf, which a ref leads to, has a page where there can be none.
TEST_F(LeavesOfAnImage, ThatLieAreErrorsOfTheirPages) {
  RepositoryState state(at_.store());
  const SeenRoot seen = must(state.look_at_all());
  Packer packer(*state.store, state.catalog);
  const auto add = [&](View object) {
    const ImageId id = hash(object);
    if (!packer.has(id)) must(packer.add(id, object));
    return id;
  };
  NodeRecord leaf{.level = 0, .entries = {}};
  leaf.entries[0] = leaf.entries[1] = add(page_of_number(7));
  ImageRecord record;
  record.root = add(encode(leaf));
  record.height = 1;
  record.pages = 1;
  record.regions = {{{PageNo{0}, PageNo{1}}, Protection::read_write}};
  const ImageId commit = add(encode(record));
  must(packer.flush());
  Root desired = seen.root;
  desired.refs["liar"] = {commit, 1, random_bytes()};
  ASSERT_TRUE(must(state.swap(seen, desired)));

  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(commit));
  const auto read = page_of(lazy.space(), 0);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::io);
  EXPECT_NE(read.error().message().find("in none of its regions"), std::string::npos);
}

// Written to before that was asked for: a part of a page, all of one, one that was zeroes; one that
// was had, and is no more.
TEST_F(LeavesOfAnImage, AreThoseOfTheCommitThoughTheSpaceHasChanged) {
  constexpr std::array<std::byte, 8> kPart{std::byte{7}};
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  must(page_of(lazy.space(), 5));
  must(lazy.space().write(Address{5 * kPageSize}, page_of_number(70070)));
  write(lazy.space(), {{3, 70077}, {20, 70078}});
  must(lazy.space().write(Address{7 * kPageSize + 8}, kPart));
  must(lazy.space().discard(Address{9 * kPageSize}, kPageSize));
  const PushedImage before = must(lazy.pushed());
  write(lazy.space(), {{21, 70079}});
  const Snapshot changed = must(lazy.space().snapshot());
  const PushedImage after = must(at_.repository.push(changed, "dense", {.since = &before}));
  EXPECT_EQ(after.pages_put(), 5u);
  Contents contents = dense_;
  for (const std::uint64_t page : {7, 9}) contents.erase(page);
  contents[3] = 70077;
  contents[5] = 70070;
  contents[20] = 70078;
  contents[21] = 70079;
  LazyImages again = open();
  LazyCheckout there = must(again.checkout(after.id()));
  std::array<std::byte, 8> part{};
  must(there.space().read(Address{7 * kPageSize + 8}, part));
  EXPECT_EQ(part, kPart);
  must(there.space().discard(Address{7 * kPageSize}, kPageSize));
  expect_contents(there.space(), contents);
}

TEST_F(LeavesOfAnImage, AreThereWhenItIsPushedAgain) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  const PushedImage before = must(lazy.pushed());
  EXPECT_EQ(before.id(), id_);
  write(lazy.space(), {{3, 70077}, {20, 70078}});
  const Snapshot changed = must(lazy.space().snapshot());
  const PushedImage after = must(at_.repository.push(changed, "dense", {.since = &before}));
  EXPECT_EQ(after.pages_put(), 2u);
  EXPECT_EQ(lazy.progress().had, 0u) << "no page was fetched";
  Contents contents = dense_;
  contents[3] = 70077;
  contents[20] = 70078;
  LazyImages again = open();
  LazyCheckout there = must(again.checkout(after.id()));
  expect_contents(there.space(), contents);
  // What it has become is named as if all of it had been looked at.
  const ImageId whole = push("whole", contents);
  EXPECT_EQ(must(at_.repository.record(whole)).root, must(at_.repository.record(after.id())).root);
}

}  // namespace
}  // namespace cleave::detail::image
