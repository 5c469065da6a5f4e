#include "lab/model/view.h"

#include <bit>

#include "lab/model/world/world.h"

namespace lab::model {
namespace {

View::Kind kind_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::none:
      return View::Kind::none;
    case EntryKind::page:
      return View::Kind::page;
    case EntryKind::zero:
      return View::Kind::zero;
    case EntryKind::swap:
      return View::Kind::swap;
    case EntryKind::migrating:
      break;
  }
  return View::Kind::migrating;
}

void add_mappings(World& world, ProcessId id, View& view) {
  const PageNo pages = world.setup.page_count();
  for (PageNo page = 0; page < pages; ++page) {
    const Region region = world.region(id, page);
    if (!region.mapped) continue;
    const EntryRef spot = world.find(id, page);
    if (spot.huge && spot.base != page) continue;
    const Entry& entry = spot.entry;
    view.mappings.push_back({.process = id,
                             .page = page,
                             .pages = spot.huge ? world.run_of(page)->count : 1,
                             .kind = kind_of(entry.kind),
                             .target = entry.target,
                             .index = entry.index,
                             .writable = entry.writable,
                             .dirty = entry.dirty,
                             .wp = entry.wp,
                             .exclusive = entry.exclusive,
                             .protection = region.protection});
  }
}

void add_folio(Folio& folio, View& view) {
  if (folio.refs.read() == 0 && folio.pins.read() == 0) return;
  View::Folio seen{.id = folio.id,
                   .file = !folio.anonymous(),
                   .refs = folio.refs.read(),
                   .pins = folio.pins.read(),
                   .maps = static_cast<std::uint32_t>(std::popcount(folio.whole.read())),
                   .merged = folio.ksm.read(),
                   .locked = folio.locked.read(),
                   .writeback = folio.writeback.read(),
                   .lazyfree = folio.lazyfree.read(),
                   .slot = folio.slot.read(),
                   .pages = {}};
  for (Page& page : folio.pages) {
    seen.maps += static_cast<std::uint32_t>(std::popcount(page.homes.read()));
    seen.pages.push_back({page.a.read(), page.b.read(), page.exclusive.read()});
  }
  view.folios.push_back(std::move(seen));
}

void add_references(World& world, View& view) {
  for (ReferenceId id = 0; id < world.references.size(); ++id) {
    const Reference held = world.references[id].held.read();
    if (held.state == ReferenceState::free) continue;
    view.references.push_back({.id = id,
                               .zero = held.state == ReferenceState::zero,
                               .pin = held.pin,
                               .write = held.write,
                               .folio = held.folio,
                               .index = held.index,
                               .process = held.process,
                               .page = held.page});
  }
}

}  // namespace

View view(World& world) {
  View view;
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    add_mappings(world, id, view);
    const Process& process = world.processes[id];
    if (process.exited.read() || process.killed.read()) view.gone.push_back(id);
  }
  for (std::uint32_t maker = 0; maker < world.all_folios().size(); ++maker)
    for (std::uint32_t i = 0; i < world.all_folios()[maker].size(); ++i)
      add_folio(world.folio(static_cast<FolioId>(maker << 8 | i)), view);
  add_references(world, view);
  for (std::uint32_t id = 0; id < world.notes.size(); ++id) {
    const Slot& slot = world.swap_slot(id);
    if (slot.in_use()) view.slots.push_back({id, slot.count.read(), slot.a.read(), slot.b.read()});
  }
  return view;
}

}  // namespace lab::model
