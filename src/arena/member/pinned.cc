// Pages of an arena that devices have.
#include <algorithm>

#include "arena/member/member.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/page_contents.h"
#include "space/snapshot_state.h"

namespace cleave::detail {

Result<void> Member::add_pin(PageRun run, PinAccess access, PinTerm term) {
  return sync::or_no_memory("out of memory allocating a pin", [&]() -> Result<void> {
    assume_turn();  // by the function around
    pins_.push_back({run, access, term});
    return {};
  });
}

void Member::remove_pin(PageRun run, PinAccess access, PinTerm term) noexcept {
  const auto pinned = std::find(pins_.begin(), pins_.end(), Pinned{run, access, term});
  CLEAVE_CHECK(pinned != pins_.end(), "a pin was released that the arena does not know of");
  if (access == PinAccess::write) {
    changed_.add(run);
    suspected_.add(run);
  }
  *pinned = pins_.back();
  pins_.pop_back();
}

Result<void> Member::check_pins(const SnapshotState& target) const {
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    ResidentRanges resident(mapping_);
    SnapshotWalk walk(target);
    for (std::uint64_t page = pinned.run.first; page < pinned.run.end; ++page) {
      const PageNo number = number_of_page(page);
      // To read a hole gives it memory.
      if (!walk.has(number) && !resident.has(page)) continue;
      const auto then = walk.look(number);
      if (!then) return tl::unexpected(then.error());
      if (is_the_same(mapping_.alias(page), then->bytes())) continue;
      return fail(Errc::pinned,
                  "a page is pinned for writing and would change; release the pin first",
                  address_of_page(page));
    }
  }
  return {};
}

std::uint64_t Member::count(PinTerm term) const {
  return static_cast<std::uint64_t>(std::count_if(
      pins_.begin(), pins_.end(), [term](const Pinned& p) { return p.term == term; }));
}

}  // namespace cleave::detail
