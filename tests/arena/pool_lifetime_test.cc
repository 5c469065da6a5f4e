// A pool lives as long as anything that was made from it, in whatever order the rest goes.
#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/ring.h>

#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

struct Everything {
  Pool pool = must(Pool::create(ByteCount{8} * (1 << 20)));
  Space space = must(Space::create(pool));
};

/// What can outlive the pool's handle and the space; each end is one that must not come too early.
std::vector<std::shared_ptr<void>> made_from(Everything& all) {
  must(all.space.map_at(at_page(16), pages_of(8)));
  must(all.space.write(at_page(16), patterned(8 * kPageSize, 1)));
  std::vector<std::shared_ptr<void>> things;
  const auto keep = [&things](auto&& made) {
    using Thing = std::remove_cvref_t<decltype(*made)>;
    things.push_back(std::make_shared<Thing>(must(std::move(made))));
  };
  keep(all.space.fork());
  keep(all.space.snapshot());
  keep(all.space.hold(at_page(17), 3000));
  keep(all.space.accessor());
  keep(all.space.pin(at_page(16), pages_of(2), kWriting));
  keep(all.space.pin(at_page(16), pages_of(1), kReading, PinTerm::long_term));
  keep(Ring::create(all.pool, {.depth = 1, .requests = 4}));
  keep(Arena::create(all.pool, pages_of(4), {.tracking = Tracking::software}));
  auto arena = must(Arena::create(all.pool, pages_of(4), {.tracking = Tracking::software}));
  arena.mark_dirty(arena.data(), 1);
  *arena.data() = std::byte{1};
  keep(arena.commit("a commit"));
  keep(arena.pin(arena.data(), 5, PinAccess::write));
  keep(arena.hold(arena.data(), 5));
  return things;
}

TEST(PoolLifetime, LastsUntilTheLastThingMadeFromItIsGone) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    auto all = std::make_unique<Everything>();
    auto things = made_from(*all);
    things.push_back(std::shared_ptr<void>(std::move(all)));
    std::shuffle(things.begin(), things.end(), random);
    while (!things.empty()) things.pop_back();
  }
}

TEST(PoolLifetime, AloneIsEnoughForWhatReadsIt) {
  auto all = std::make_unique<Everything>();
  auto things = made_from(*all);
  const Snapshot snapshot = must(all->space.snapshot());
  Pin pin = must(all->space.pin(at_page(16), 100, kWriting));
  const Bytes before = seen_through(pin);
  all.reset();
  things.clear();
  EXPECT_EQ(seen_through(pin), before);
  Bytes seen(100);
  must(snapshot.read(at_page(16), seen));
  EXPECT_EQ(seen, before);
}

}  // namespace
}  // namespace cleave::detail
