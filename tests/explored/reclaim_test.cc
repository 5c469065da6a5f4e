// The background reclaim's sleep, against those that wake it, in every order.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using cleave::detail::Frames;
using cleave::detail::HandleAccess;
using cleave::detail::Watermarks;
using explore::Memory;
using explore::Outcome;

Frames& pool_of(Stage& s) { return HandleAccess::state(*s.pool); }
Watermarks& marks(Stage& s) { return pool_of(s).away()->background.marks; }

// To a page that takes a frame.
void write(Stage& s, std::uint64_t page) {
  const Address at = cleave::address_of(cleave::PageNo{page});
  const Count value = 1;
  must(s.spaces[0]->map_at(at, cleave::kPageSize));
  must(s.spaces[0]->write(at, std::as_bytes(std::span(&value, 1))));
}

// Of four frames so many are taken; fewer than two are to be left before the thread wakes.
Script sleep_against(std::uint64_t taken, std::vector<Part> (*others)(Stage&)) {
  return {[taken](Stage& s) {
            s.open_with_backing(4);
            for (std::uint64_t n = 0; n < taken; ++n) write(s, 4 + n);
            (void)marks(s).begin(2);
          },
          [others](Stage& s) {
            std::vector<Part> parts = others(s);
            parts.push_back({"reclaim", [&s] { (void)marks(s).wait(pool_of(s).slots(), false); }});
            return parts;
          },
          [](Stage& s, Outcome&) {
            marks(s).end();
            return std::string();
          }};
}

Script a_take_wakes_it() {
  return sleep_against(2, [](Stage& s) -> std::vector<Part> {
    return {{"take", [&s] { write(s, 20); }}};
  });
}

Script a_stop_wakes_it() {
  return sleep_against(0, [](Stage& s) -> std::vector<Part> {
    return {{"stop", [&s] { marks(s).stop(); }}};
  });
}

TEST(ExploredReclaim, SleepsThroughNoTake) { expect_nothing_breaks(&a_take_wakes_it); }
TEST(ExploredReclaim, SleepsThroughNoStop) { expect_nothing_breaks(&a_stop_wakes_it); }
TEST(ExploredReclaim, IsMissedByATakeThatDoesNotRing) {
  expect_missed("reclaim.ring", &a_take_wakes_it, Memory::sc);
}

}  // namespace
}  // namespace lab::engine
