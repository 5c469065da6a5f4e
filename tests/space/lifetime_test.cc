#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

class Lifetimes : public OnASpace {};

// Spaces, snapshots and accessors of one family, ended in every order that chance finds.
TEST_F(Lifetimes, EndInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::shared_ptr<void>> things;
    std::vector<std::shared_ptr<Space>> spaces{std::make_shared<Space>(new_space(30))};
    ASSERT_TRUE(holds(spaces[0]->write(at_page(16), patterned(20 * kPageSize, seed))));
    for (int i = 0; i < 25; ++i) {
      Space& some = *spaces[random() % spaces.size()];
      switch (random() % 4) {
        case 0:
          spaces.push_back(std::make_shared<Space>(must(some.fork())));
          break;
        case 1: {
          auto snapshot = std::make_shared<Snapshot>(must(some.snapshot()));
          if (random() % 2 == 0) {
            spaces.push_back(std::make_shared<Space>(must(snapshot->fork())));
          }
          things.push_back(snapshot);
          break;
        }
        case 2: {
          auto accessor = std::make_shared<Accessor>(must(some.accessor()));
          must(accessor->store<std::uint64_t>(at_page(16 + random() % 30), seed));
          things.push_back(accessor);
          break;
        }
        default:
          put<std::uint64_t>(some, at_page(16 + random() % 30), seed);
      }
    }
    for (auto& space : spaces) things.push_back(space);
    spaces.clear();
    std::shuffle(things.begin(), things.end(), random);
    while (!things.empty()) things.pop_back();
    expect_nothing_left(pool);
  }
}

TEST_F(Lifetimes, AThreadThatEndedWithItsAccessorIsNotWaitedFor) {
  Space space = new_space(1);
  std::thread([&] {
    Accessor accessor = must(space.accessor());
    must(accessor.store<int>(at_page(16), 1));
  }).join();
  EXPECT_EQ(pool.statistics().accessors, 0u);
  const Space child = must(space.fork());
  EXPECT_EQ(get<int>(child, at_page(16)), 1);
}

}  // namespace
}  // namespace cleave::detail
