// What is pushed by one comes out at another, page for page, and only what is lacking travels.
#include <algorithm>
#include <atomic>
#include <random>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/image/contents.h"
#include "tests/support/memory_backing.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

class Image : public testing::Test {
 protected:
  Pool pool_ = must(Pool::create(32_MiB));
  InFolder at_;
};

TEST_F(Image, ComesOutAsItWasPushed) {
  const Contents contents = pages(3, 200, 1);
  Space space = space_with(pool_, contents);
  must(space.protect(Address{0}, kPageSize, Protection::read));
  const auto pushed = must(at_.repository.push(must(space.snapshot()), "main"));
  Repository other = at_.open();
  EXPECT_EQ(must(other.resolve("main")), pushed.id());
  const Space out = must(other.checkout(pool_, pushed.id()));
  expect_contents(out, contents);
  std::vector<Region> regions;
  out.for_each_region([&](const Region& region) { regions.push_back(region); });
  EXPECT_EQ(regions, must(other.record(pushed.id())).regions);
  EXPECT_EQ(regions.size(), 2u);
  expect_verifies(other);
}

TEST_F(Image, OfNothingIsNothing) {
  Space space = must(Space::create(pool_));
  const auto pushed = must(at_.repository.push(must(space.snapshot()), "empty"));
  EXPECT_EQ(must(at_.repository.record(pushed.id())).pages, 0u);
  must(at_.open().checkout(pool_, pushed.id()));
}

TEST_F(Image, HasNoZeroPages) {
  Space space = space_with(pool_, {{1, 0}, {2, 7}, {1000, 0}});
  const auto pushed = must(at_.repository.push(must(space.snapshot()), "main"));
  const ImageRecord record = must(at_.repository.record(pushed.id()));
  EXPECT_EQ(record.pages, 1u);
  EXPECT_EQ(record.height, 1u);
}

TEST_F(Image, ReachesToTheEndOfASpace) {
  Space space = must(Space::create(pool_));
  const Address last = address_of(PageNo{raw(kPageLimit) - 1});
  must(space.map_at(last, kPageSize));
  must(space.write(last, page_of_number(5)));
  const auto pushed = must(at_.repository.push(must(space.snapshot()), "main"));
  const Space out = must(at_.open().checkout(pool_, pushed.id()));
  std::vector<std::byte> page(kPageSize);
  must(out.read(last, page));
  EXPECT_EQ(page, page_of_number(5));
}

// However it came to be what it is, and wherever: the id is that of the contents.
TEST_F(Image, HoldsWhatWasAwayWhenItWasPushed) {
  Beyond beyond;
  const Contents contents = pages(3, 200, 1);
  const Pool small =
      must(Pool::create(ByteCount{16 * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
  Space space = space_with(small, contents);
  ASSERT_GE(small.statistics().away, 180u);
  const ImageId id = must(at_.repository.push(must(space.snapshot()), "main")).id();
  expect_contents(must(at_.repository.checkout(pool_, id)), contents);
}

TEST_F(Image, HoldsWhatTheSnapshotDidThoughTheProgramWritesOn) {
  const Contents contents = pages(0, 900, 1);
  Space space = space_with(pool_, contents);
  const Snapshot snapshot = must(space.snapshot());
  // All of it before the push begins, and on while it lasts.
  std::atomic<std::uint64_t> written{0};
  std::jthread program([&](const std::stop_token& stop) {
    for (std::uint64_t round = 1; !stop.stop_requested(); ++round) {
      for (const auto& [page, number] : pages(0, 900, 1000 * round)) {
        write(space, {{page, number}});
        ++written;
      }
    }
  });
  while (written < 900) std::this_thread::yield();
  // Until the program has had its turn while a push was on: each anew, from the first object on.
  for (bool had_its_turn = false; !had_its_turn;) {
    InFolder at;
    const std::uint64_t before = written;
    const ImageId id = must(at.repository.push(snapshot, "main")).id();
    had_its_turn = written != before;
    const Pool pool = must(Pool::create(ByteCount{16 << 20}));
    expect_contents(must(at.repository.checkout(pool, id)), contents);
  }
}

TEST_F(Image, HasTheSameIdEverywhere) {
  const Contents contents = pages(10, 100, 1);
  Space straight = space_with(pool_, contents);
  const auto one = must(at_.repository.push(must(straight.snapshot()), "one"));

  InFolder elsewhere;
  Pool pool = must(Pool::create(16_MiB));
  Space roundabout = space_with(pool, pages(5, 300, 900));
  const auto before = must(elsewhere.repository.push(must(roundabout.snapshot()), "before"));
  must(roundabout.discard(Address{0}, kPagesMapped * kPageSize));
  write(roundabout, contents);
  const auto two = must(elsewhere.repository.push(must(roundabout.snapshot()), "two",
                                                  {.since = &before, .expected = ImageId{}}));
  EXPECT_EQ(one.id(), two.id());
}

TEST_F(Image, TakesWithItWhatHasChangedAndNoMore) {
  Space space = space_with(pool_, pages(0, 1000, 1));
  const auto first = must(at_.repository.push(must(space.snapshot()), "main"));
  EXPECT_EQ(first.pages_put(), 1000u);
  write(space, {{500, 5000}});
  const auto second = must(at_.repository.push(must(space.snapshot()), "main", {.since = &first}));
  EXPECT_EQ(second.pages_put(), 1u);
  EXPECT_LE(second.bytes_put(), 24u << 10);
  EXPECT_EQ(must(at_.repository.record(second.id())).parents, std::vector{first.id()});
  Contents now = pages(0, 1000, 1);
  now[500] = 5000;
  expect_contents(must(at_.open().checkout(pool_, second.id())), now);
  expect_contents(must(at_.open().checkout(pool_, first.id())), pages(0, 1000, 1));
}

// Another process, which remembers nothing, hashes all and puts what differs.
TEST_F(Image, IsFoundAgainByWhoRemembersNothing) {
  Space space = space_with(pool_, pages(0, 100, 1));
  must(at_.repository.push(must(space.snapshot()), "main"));
  write(space, {{7, 7000}});
  Repository other = at_.open();
  EXPECT_EQ(must(other.push(must(space.snapshot()), "main")).pages_put(), 1u);
}

TEST_F(Image, IsRefusedWhereTheRefHasMovedOn) {
  Space space = space_with(pool_, pages(0, 10, 1));
  const auto base = must(at_.repository.push(must(space.snapshot()), "main"));
  Repository other = at_.open();
  const auto theirs = must(other.push(must(space.snapshot()), "main"));
  const auto refused = at_.repository.push(must(space.snapshot()), "main", {.since = &base});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
  EXPECT_EQ(must(at_.repository.resolve("main")), theirs.id());
  EXPECT_EQ(
      at_.repository.push(must(space.snapshot()), "main", {.expected = ImageId{}}).error().code,
      Errc::not_permitted);
}

// What can be refused at once costs no upload: who pushes it again has all of it to put.
TEST_F(Image, PutsNothingWhereItIsRefused) {
  Space space = space_with(pool_, pages(0, 10, 1));
  const auto base = must(at_.repository.push(must(space.snapshot()), "main"));
  must(at_.open().push(must(space.snapshot()), "main"));
  // More than waits to be compressed and goes into a pack, and does not compress.
  constexpr ByteCount kNoise = 24_MiB;
  const Address at = must(space.map(kNoise));
  std::vector<std::uint64_t> noise(kNoise.value / sizeof(std::uint64_t));
  std::ranges::generate(noise, std::mt19937_64(1));
  must(space.write(at, std::as_bytes(std::span(noise))));
  const Snapshot snapshot = must(space.snapshot());
  const auto refused = at_.repository.push(snapshot, "main", {.since = &base});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
  EXPECT_EQ(must(at_.repository.push(snapshot, "main")).pages_put(), kNoise.value / kPageSize);
}

TEST_F(Image, SaysWhichPagesDiffer) {
  Space space = space_with(pool_, pages(0, 10, 1));
  const auto one = must(at_.repository.push(must(space.snapshot()), "main"));
  write(space, {{3, 30}, {4, 40}, {900, 1}});
  const auto two = must(at_.repository.push(must(space.snapshot()), "main"));
  std::vector<PageRange> differ;
  must(at_.repository.diff(one.id(), two.id(), [&](PageRange range) { differ.push_back(range); }));
  const std::vector<PageRange> wanted{{PageNo{3}, PageNo{5}}, {PageNo{900}, PageNo{901}}};
  EXPECT_EQ(differ, wanted);
  EXPECT_EQ(must(at_.repository.history(two.id())), (std::vector{two.id(), one.id()}));
}

TEST_F(Image, OfARefWithANameOfAPathIsRefused) {
  Space space = must(Space::create(pool_));
  const Snapshot snapshot = must(space.snapshot());
  for (const char* name :
       {"", "../x", "a/../b", "/a", "a/", "a//b", ".a", "-a", "a b", "a\nb", "\xc3\xa4"}) {
    const auto refused = at_.repository.push(snapshot, name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Errc::bad_argument) << name;
  }
  for (const char* name : {"a", "a.b", "A-1/b_2", "v1.0/main"}) {
    EXPECT_TRUE(at_.repository.push(snapshot, name)) << name;
  }
}

TEST_F(Image, IsFetchedWithItsHistory) {
  Space space = space_with(pool_, pages(0, 300, 1));
  const auto one = must(at_.repository.push(must(space.snapshot()), "main"));
  write(space, {{3, 30}});
  const auto two = must(at_.repository.push(must(space.snapshot()), "main", {.since = &one}));
  InFolder clone;
  EXPECT_EQ(must(clone.repository.fetch(at_.repository, "main")), two.id());
  expect_verifies(clone.repository);
  expect_contents(must(clone.repository.checkout(pool_, one.id())), pages(0, 300, 1));
  // What is here alone is not let go.
  const auto ours = must(clone.repository.push(must(space.snapshot()), "main"));
  EXPECT_EQ(clone.repository.fetch(at_.repository, "main").error().code, Errc::not_permitted);
  EXPECT_EQ(must(clone.repository.resolve("main")), ours.id());
  EXPECT_EQ(must(clone.repository.fetch(at_.repository, "main", true)), two.id());
}

TEST_F(Image, OfMoreThanThePoolHasIsRefused) {
  Space space = space_with(pool_, pages(0, 100, 1));
  const auto pushed = must(at_.repository.push(must(space.snapshot()), "main"));
  Pool small = must(Pool::create(64_KiB));
  EXPECT_EQ(at_.repository.checkout(small, pushed.id()).error().code, Errc::no_memory);
}

TEST(ImageOfARepository, IsMadeOnce) {
  TemporaryFolder folder;
  EXPECT_EQ(Repository::open(must(directory_store(folder.file("")))).error().code,
            Errc::not_mapped);
  must(Repository::create(must(directory_store(folder.file("")))));
  EXPECT_EQ(Repository::create(must(directory_store(folder.file("")))).error().code,
            Errc::already_exists);
}

}  // namespace
}  // namespace cleave::detail::image
