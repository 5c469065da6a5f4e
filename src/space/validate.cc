#include "space/validate.h"

namespace cleave::detail {

void validate(SpaceState& space, Recount& recount) {
  const sync::Guard guard(space.lock);
  recount.add(space.table);
  if (space.accessors == nullptr) return;
  recount.expect((space.accessors->stamps.write.load(sync::acquire) & 1) == 0,
                 "a space's writers are still revoked");
  for (const auto& stamp : space.accessors->stamps.read) {
    recount.expect((stamp.load(sync::acquire) & 1) == 0, "a page is still about to move");
  }
  space.accessors->for_each_retired([&](Entry entry) { recount.add(entry); });
}

void validate(AccessorState& accessor, Recount& recount) {
  SpaceState& space = accessor.space;
  const sync::Guard guard(space.lock);
  const auto allows = [&](PageNo page, Protection needed) CLEAVE_REQUIRES(space.lock) {
    const Region* region = space.regions.find(page);
    return region != nullptr && region->protection >= needed;
  };
  for (const Translation& t : accessor.reads) {
    if (t.base == nullptr || accessor.readable(t.page) != t.base) continue;
    const PageNo page{t.page};
    recount.expect(allows(page, Protection::read), "a remembered read is not allowed");
    recount.expect(t.base == space.frames.reach(space.table.find(page)),
                   "a remembered read leads to another frame than the page's");
  }
  for (const Translation& t : accessor.writes) {
    if (t.base == nullptr || accessor.writable(t.page) != t.base) continue;
    const PageNo page{t.page};
    const FrameId owned = space.table.find_owned(page, space.frames);
    recount.expect(allows(page, Protection::read_write), "a remembered write is not allowed");
    recount.expect(owned != kZeroFrame && t.base == space.frames.data(owned),
                   "a remembered write leads to a frame that the space does not own");
  }
}

}  // namespace cleave::detail
