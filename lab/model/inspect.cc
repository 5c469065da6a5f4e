#include "lab/model/inspect.h"

namespace lab::model {
namespace {

// The page that an address stands for, mapped or in the swap cache.
struct Found {
  Folio* folio = nullptr;
  std::uint32_t index = 0;
};

Found find_page(World& world, ProcessId process, PageNo page) {
  const Entry entry = world.find(process, page).entry;
  if (entry.is(EntryKind::page) || entry.is(EntryKind::migrating))
    return {&world.folio(entry), entry.index};
  if (!entry.is(EntryKind::swap)) return {};
  const std::uint16_t cached = world.swap_slot(entry.target).cached.read();
  return cached == 0 ? Found{} : Found{&world.folio(static_cast<FolioId>(cached - 1)), 0};
}

bool in_order(World& world, const Reference& reference) {
  const Entry entry = world.find(reference.process, reference.page).entry;
  if (entry.is(EntryKind::none)) return true;
  if (reference.state == ReferenceState::zero) return entry.is(EntryKind::zero);
  const Found there = find_page(world, reference.process, reference.page);
  return there.folio == &world.folio(reference.folio) && there.index == reference.index;
}

}  // namespace

bool coherent(World& world, ReferenceId reference) {
  const Reference held = world.references[reference].held.read();
  return held.state == ReferenceState::free || in_order(world, held);
}

std::optional<Value> value_at(World& world, ProcessId process, PageNo page, Half half) {
  const Region region = world.region(process, page);
  if (!region.mapped || region.protection == Protection::none) return std::nullopt;
  if (const Found found = find_page(world, process, page); found.folio != nullptr) {
    return found.folio->pages[found.index].half(half).read();
  }
  const Entry entry = world.find(process, page).entry;
  if (entry.is(EntryKind::swap)) {
    const Slot& slot = world.swap_slot(entry.target);
    return half == Half::a ? slot.a.read() : slot.b.read();
  }
  if (!entry.is(EntryKind::zero) && region.file != 0) {
    return world.folio(world.files[region.file - 1u]).pages[0].half(half).read();
  }
  return 0;
}

bool same(World& world, ProcessId one, PageNo page, ProcessId other, PageNo other_page) {
  const Found here = find_page(world, one, page);
  const Found there = find_page(world, other, other_page);
  return here.folio != nullptr && here.folio == there.folio && here.index == there.index;
}

bool pinned(World& world, ProcessId process, PageNo page) {
  const Found found = find_page(world, process, page);
  if (found.folio == nullptr) return false;
  for (const NamedReference& named : world.references) {
    const Reference held = named.held.read();
    if (held.state == ReferenceState::page && held.pin && held.folio == found.folio->id &&
        held.index == found.index) {
      return true;
    }
  }
  return false;
}

bool exclusive(World& world, ProcessId process, PageNo page) {
  const EntryRef spot = world.find(process, page);
  if (spot.entry.is(EntryKind::swap)) return spot.entry.exclusive;
  if (!spot.entry.is(EntryKind::page)) return false;
  if (world.marks()) return world.counts(spot).exclusive;
  // Without a mark: by the counts of the rule-set's own rule.
  const Counts counts = world.counts(spot);
  return counts.anonymous &&
         (world.rules.reuse_small == ReuseSmall::map ? counts.maps + counts.swaps : counts.refs) ==
             1;
}

}  // namespace lab::model
