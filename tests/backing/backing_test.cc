// What holds for every backing.
#include <algorithm>
#include <optional>
#include <random>

#include "tests/backing/every_backing.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

INSTANTIATE_TEST_SUITE_P(All, EveryBacking, testing::ValuesIn(every_backing()), name_of);

// A third random, a third that compresses, a third of one word.
void fill(Pages& pages, std::size_t i, std::uint64_t seed) {
  if (seed % 3 == 0) pages.fill_randomly(i, seed);
  if (seed % 3 == 1) pages.fill_loosely(i, seed);
  if (seed % 3 == 2) std::fill_n(pages[i], kPageSize, static_cast<std::byte>(seed));
}

TEST_P(EveryBacking, GivesBackWhatWasPut) {
  const auto backing = GetParam().make();
  Pages pages(180);
  for (std::size_t i = 0; i < pages.size(); ++i) fill(pages, i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(backing->put(pages.read(), places)));
  Pages back(pages.size());
  ASSERT_TRUE(holds(backing->get(places, back.all())));
  for (std::size_t i = 0; i < pages.size(); ++i) EXPECT_TRUE(back.same(i, pages, i)) << i;
  EXPECT_EQ(backing->statistics().pages, pages.size());
}

TEST_P(EveryBacking, GivesBackPagesInAnyOrderAndAsOftenAsOneLikes) {
  const auto backing = GetParam().make();
  Pages pages(180);
  for (std::size_t i = 0; i < pages.size(); ++i) fill(pages, i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(backing->put(pages.read(), places)));
  std::mt19937 random(1);
  std::vector<std::size_t> order(400);
  for (std::size_t& i : order) i = random() % pages.size();
  std::vector<Place> wanted;
  for (const std::size_t i : order) wanted.push_back(places[i]);
  Pages back(order.size());
  ASSERT_TRUE(holds(backing->get(wanted, back.all())));
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_TRUE(back.same(i, pages, order[i])) << i;
}

TEST_P(EveryBacking, FillsMemoryThatIsNotAligned) {
  const auto backing = GetParam().make();
  Pages pages(3);
  for (std::size_t i = 0; i < pages.size(); ++i) fill(pages, i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(backing->put(pages.read(), places)));
  std::vector<std::byte> memory(4 * kPageSize);
  std::vector<std::byte*> into;
  for (std::size_t i = 0; i < pages.size(); ++i) into.push_back(&memory[i * kPageSize + 13]);
  ASSERT_TRUE(holds(backing->get(places, into)));
  for (std::size_t i = 0; i < pages.size(); ++i) {
    EXPECT_EQ(std::memcmp(into[i], pages[i], kPageSize), 0) << i;
  }
}

TEST_P(EveryBacking, AcceptsNothing) {
  const auto backing = GetParam().make();
  EXPECT_TRUE(holds(backing->put({}, {})));
  EXPECT_TRUE(holds(backing->get({}, {})));
  backing->drop(Place::none);
  EXPECT_EQ(backing->statistics().pages, 0u);
}

TEST_P(EveryBacking, RefusesAPlaceThatItNeverGaveOut) {
  const auto backing = GetParam().make();
  Pages page(1);
  for (const Place wrong : {Place::none, Place{1u << 31}, Place{~std::uint64_t{0}}}) {
    EXPECT_TRUE(fails_with(backing->get({&wrong, 1}, page.all()), Errc::bad_argument));
    backing->drop(wrong);
  }
}

TEST_P(EveryBacking, TakesWhatItHasRoomForAndNamesTheLimit) {
  const auto backing = GetParam().make();
  Pages pages(4000);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  std::vector<Place> places(pages.size());
  const auto put = backing->put(pages.read(), places);
  ASSERT_TRUE(fails_with(put, Errc::no_memory));
  EXPECT_NE(std::string(put.error().what).find("full"), std::string::npos) << put.error().what;
  // In order, from the first on.
  const auto end = std::find(places.begin(), places.end(), Place::none);
  EXPECT_EQ(std::count(places.begin(), places.end(), Place::none), places.end() - end);
  const auto taken = static_cast<std::size_t>(end - places.begin());
  ASSERT_GE(taken, 200u);
  EXPECT_EQ(backing->statistics().pages, taken);
  places.resize(taken);
  Pages back(taken);
  ASSERT_TRUE(holds(backing->get(places, back.all())));
  for (std::size_t i = 0; i < taken; ++i) EXPECT_TRUE(back.same(i, pages, i)) << i;
}

TEST_P(EveryBacking, HasRoomAgainForWhatWasDropped) {
  const auto backing = GetParam().make();
  Pages pages(200);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  for (int round = 0; round < 10; ++round) {
    std::vector<Place> places(pages.size());
    ASSERT_TRUE(holds(backing->put(pages.read(), places))) << round;
    for (const Place place : places) backing->drop(place);
    ASSERT_EQ(backing->statistics().pages, 0u);
  }
}

TEST_P(EveryBacking, DoesAsAReferenceDoes) {
  const auto backing = GetParam().make();
  constexpr std::size_t kPages = 600;
  std::mt19937 random(7);
  std::vector<std::pair<Place, std::uint64_t>> there;  // and the seed of what was put
  Pages some(40);
  Pages expected(1);
  for (int step = 0; step < rounds(3000); ++step) {
    const std::size_t count = 1 + random() % some.size();
    switch (random() % 3) {
      case 0: {
        std::vector<std::uint64_t> seeds(count);
        for (std::size_t i = 0; i < count; ++i) fill(some, i, seeds[i] = random());
        std::vector<Place> places(count);
        auto from = some.read();
        from.resize(count);
        const auto put = backing->put(from, places);
        ASSERT_TRUE(put || put.error().code == Errc::no_memory);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_FALSE(put && places[i] == Place::none);
          if (places[i] != Place::none) there.emplace_back(places[i], seeds[i]);
        }
        break;
      }
      case 1: {
        if (there.empty()) break;
        std::vector<std::size_t> which(count);
        std::vector<Place> places;
        for (std::size_t& i : which) {
          i = random() % there.size();
          places.push_back(there[i].first);
        }
        ASSERT_TRUE(holds(backing->get(places, some.all().first(count))));
        for (std::size_t i = 0; i < count; ++i) {
          fill(expected, 0, there[which[i]].second);
          ASSERT_TRUE(some.same(i, expected, 0)) << step;
        }
        break;
      }
      default:
        for (std::size_t i = 0; i < count && (there.size() > kPages || i % 2 == 0); ++i) {
          if (there.empty()) break;
          std::swap(there[random() % there.size()], there.back());
          backing->drop(there.back().first);
          there.pop_back();
        }
    }
    ASSERT_EQ(backing->statistics().pages, there.size());
  }
}

TEST_P(EveryBacking, ServesManyThreadsWhileOnePuts) {
  const auto backing = GetParam().make();
  Pages pages(120);
  for (std::size_t i = 0; i < pages.size(); ++i) fill(pages, i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(backing->put(pages.read(), places)));
  together(7, [&](unsigned thread) {
    std::mt19937 random(thread);
    if (thread == 0) {
      Pages others(60);
      for (std::size_t i = 0; i < others.size(); ++i) fill(others, i, 1000 + i);
      for (int round = 0; round < rounds(200); ++round) {
        std::vector<Place> own(others.size());
        EXPECT_TRUE(holds(backing->put(others.read(), own)));
        for (const Place place : own) backing->drop(place);
        (void)backing->statistics();
      }
      return;
    }
    Pages back(20);
    for (int round = 0; round < rounds(300); ++round) {
      std::vector<std::size_t> which(1 + random() % back.size());
      std::vector<Place> wanted;
      for (std::size_t& i : which) {
        i = random() % places.size();
        wanted.push_back(places[i]);
      }
      EXPECT_TRUE(holds(backing->get(wanted, back.all().first(which.size()))));
      for (std::size_t i = 0; i < which.size(); ++i) EXPECT_TRUE(back.same(i, pages, which[i]));
    }
  });
}

TEST_P(EveryBacking, ReadsAPageOnceThatItsOwnerWritesToMeanwhile) {
  const auto backing = GetParam().make();
  Pages page(1);
  fill(page, 0, 1);
  const Meanwhile writes([&, value = std::uint64_t{0}]() mutable {
    ++value;
    for (std::size_t at = 0; at < kPageSize; at += 8) sync::store_word(page[0] + at, value);
  });
  Pages back(1);
  for (int round = 0; round < rounds(1000); ++round) {
    Place place{};
    ASSERT_TRUE(holds(backing->put(page.read(), {&place, 1})));
    EXPECT_TRUE(holds(backing->get({&place, 1}, back.all())));
    backing->drop(place);
  }
}

TEST_P(EveryBacking, RefusesAChildOfFork) {
  auto backing = GetParam().make();
  Pages pages(100);
  for (std::size_t i = 0; i < pages.size(); ++i) fill(pages, i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(backing->put(pages.read(), places)));
  EXPECT_TRUE(is_well(child([&] {
    std::vector<Place> others(pages.size());
    const auto put = backing->put(pages.read(), others);
    if (put || put.error().code != Errc::not_permitted) say("put is not refused");
    const auto got = backing->get(places, pages.all());
    if (got || got.error().code != Errc::not_permitted) say("get is not refused");
    for (const Place place : places) backing->drop(place);
    if (backing->statistics().pages != 0) say("it has pages");
    backing.reset();
    // It can have its own.
    const auto own = GetParam().make();
    if (auto done = own->put(pages.read(), others); !done) say("%s", done.error().what);
    if (auto done = own->get(others, pages.all()); !done) say("%s", done.error().what);
  })));
  Pages back(pages.size());
  ASSERT_TRUE(holds(backing->get(places, back.all())));
  for (std::size_t i = 0; i < pages.size(); ++i) EXPECT_TRUE(back.same(i, pages, i)) << i;
  EXPECT_EQ(backing->statistics().pages, pages.size());
}

}  // namespace
}  // namespace cleave::detail
