#include "bench/arena/touched_arena.h"

#include <algorithm>
#include <random>
#include <unordered_set>

#include <cleave/must.h>

namespace cleave::bench {
namespace {

constexpr std::size_t kSets = 16;

}  // namespace

TouchedArena::TouchedArena(const Extent& wanted, ArenaOptions options, ByteCount spare)
    : extent(wanted),
      pool(must(Pool::create(wanted.touched() + spare + 1_MiB))),
      arena(must(Arena::create(pool, wanted.mapped, options))),
      is_announced(options.tracking == Tracking::software) {
  for (std::uint64_t n = 0; n < extent.touched_pages(); ++n) write(n, n + 1);
  (void)must(arena.commit());
}

PageSets::PageSets(std::uint64_t pages, std::uint64_t of) {
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < kSets; ++i) {
    Set set;
    std::unordered_set<std::uint32_t> drawn;
    while (drawn.size() < pages) {
      const auto page = static_cast<std::uint32_t>(random() % of);
      if (drawn.insert(page).second) set.order.push_back(page);
    }
    set.sorted = set.order;
    std::ranges::sort(set.sorted);
    sets_.push_back(std::move(set));
  }
}

}  // namespace cleave::bench
