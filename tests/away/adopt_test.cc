// Pages that are away from the beginning: a backing has them already.
#include <vector>

#include "tests/away/on_little_memory.h"

namespace cleave::detail {
namespace {

class AdoptedPages : public OnLittleMemory {
 protected:
  // As many places, whose pages begin with `value + n`.
  std::vector<Backing::Place> places_of(std::uint64_t pages, std::uint64_t value) {
    std::vector<Backing::Place> places;
    const std::lock_guard guard(beyond.lock);
    for (std::uint64_t n = 0; n < pages; ++n) {
      std::vector<std::byte> page(kPageSize);
      const std::uint64_t word = value + n;
      std::memcpy(page.data(), &word, sizeof word);
      beyond.pages[++beyond.last] = std::move(page);
      places.push_back(Backing::Place{beyond.last});
    }
    return places;
  }
  void drop(const std::vector<Backing::Place>& places) {
    MemoryBacking backing(beyond);
    for (const Backing::Place place : places) backing.drop(place);
  }
};

TEST_F(AdoptedPages, AreReadWhenTheyAreTouchedFirst) {
  Space space = space_of(200);
  must(space.adopt(page_at(0), places_of(200, 1000)));
  EXPECT_EQ(away(), 200u);
  EXPECT_EQ(pool.statistics().used, 0u);
  EXPECT_EQ(beyond.gets, 0u);
  expect_filled(space, 200, 1000);
  expect_filled(space, 200, 1000);
  EXPECT_EQ(beyond.puts, 0u) << "they are there already";
  expect_adds_up(pool);
}

TEST_F(AdoptedPages, AreForkedWrittenAndEndedLikeOthers) {
  Space space = space_of(60);
  must(space.adopt(page_at(0), places_of(60, 1000)));
  Space child = must(space.fork());
  const Hold hold = must(space.hold(page_at(0), ByteCount{60 * kPageSize}));
  fill(child, 60, 2000);
  expect_filled(child, 60, 2000);
  expect_filled(space, 60, 1000);
  fill(space, 60, 3000);
  expect_filled(hold, 60, 1000);
  must(space.discard(page_at(0), ByteCount{30 * kPageSize}));
}

TEST_F(AdoptedPages, StandBesideAbsentAndWrittenOnes) {
  Space space = space_of(200);
  auto places = places_of(100, 1050);  // of pages 50 to 149, without 100
  drop({places[50]});
  places[50] = Backing::Place::none;
  put(space, 49, 1049);
  put(space, 100, 7);
  put(space, 150, 1150);
  must(space.adopt(page_at(50), places));
  put(space, 100, 1100);
  const Snapshot snapshot = must(space.snapshot());
  for (std::uint64_t n = 49; n <= 150; ++n) {
    std::uint64_t seen = 0;
    must(snapshot.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1))));
    ASSERT_EQ(seen, 1000 + n);
  }
}

TEST_F(AdoptedPages, AreSeenByAccessorsThatRememberZeroes) {
  Space space = space_of(10);
  Accessor accessor = must(space.accessor());
  for (std::uint64_t n = 0; n < 10; ++n) {
    EXPECT_EQ(must(accessor.load<std::uint64_t>(page_at(n))), 0u);
  }
  must(space.adopt(page_at(0), places_of(10, 500)));
  for (std::uint64_t n = 0; n < 10; ++n) {
    EXPECT_EQ(must(accessor.load<std::uint64_t>(page_at(n))), 500 + n);
  }
}

// In a space that shares its nodes, too.
TEST_F(AdoptedPages, AreTheOneSpacesAlone) {
  Space space = space_of(100);
  put(space, 0, 1);
  const Snapshot before = must(space.snapshot());
  Space child = must(space.fork());
  must(child.adopt(page_at(1), places_of(99, 2)));
  expect_filled(child, 100, 1);
  std::uint64_t seen = 1;
  must(space.read(page_at(5), std::as_writable_bytes(std::span(&seen, 1))));
  EXPECT_EQ(seen, 0u);
  must(child.rollback(before));
  EXPECT_LE(beyond.held(), 1u) << "page 0 may have gone there";
}

TEST_F(AdoptedPages, AreRefusedWhereTheyCannotLie) {
  Space space = space_of(100);
  put(space, 70, 1);
  const auto places = places_of(80, 1);
  EXPECT_TRUE(fails_at(space.adopt(page_at(0), places), Errc::already_mapped, page_at(70)));
  EXPECT_TRUE(fails_at(space.adopt(page_at(71), places), Errc::not_mapped, page_at(100)));
  EXPECT_TRUE(fails_with(space.adopt(page_at(0) + 1, places), Errc::bad_argument));
  EXPECT_TRUE(fails_with(space.adopt(page_at(0), {}), Errc::bad_argument));
  EXPECT_EQ(away(), 0u);
  EXPECT_EQ(beyond.held(), 80u) << "they are the caller's still";
  drop(places);
  Pool plain = must(Pool::create(ByteCount{1 << 20}));
  Space other = must(Space::create(plain));
  must(other.map_at(page_at(0), ByteCount{80 * kPageSize}));
  EXPECT_TRUE(fails_with(other.adopt(page_at(0), places), Errc::unsupported));
}

TEST_F(AdoptedPages, AreNoMoreThanThePoolHasRoomFor) {
  beyond.most_pages = 20;
  Pool small =
      must(Pool::create(ByteCount{kMemory * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
  Space space = must(Space::create(small));
  must(space.map_at(page_at(0), ByteCount{100 * kPageSize}));
  const auto most = kMemory + 20 - 1;
  const auto too_many = places_of(most + 1, 1);
  EXPECT_TRUE(fails_with(space.adopt(page_at(0), too_many), Errc::no_memory));
  EXPECT_EQ(small.statistics().away, 0u);
  must(space.adopt(page_at(0), std::span(too_many).first(most)));
  drop({too_many.back()});
  expect_filled(space, most, 1);
}

TEST_F(AdoptedPages, ThatCannotBeHadAreErrorsUntilTheyCan) {
  Space space = space_of(10);
  must(space.adopt(page_at(0), places_of(10, 1)));
  beyond.refuses_get = [] { return true; };
  for (int again = 0; again < 3; ++again) {
    std::uint64_t seen = 9;
    EXPECT_TRUE(fails_at(space.read(page_at(4), std::as_writable_bytes(std::span(&seen, 1))),
                         Errc::io, page_at(4)));
    EXPECT_EQ(seen, 9u);
  }
  beyond.refuses_get = nullptr;
  expect_filled(space, 10, 1);
}

}  // namespace
}  // namespace cleave::detail
