#include <bit>

#include <fmt/format.h>

#include "lab/model/inspect.h"

namespace lab::model {
namespace {

// "P0:W P1:R" - every entry that maps the folio.
std::string entries_of(World& world, const Folio& folio) {
  std::string text;
  for (std::size_t i = 0; i < world.setup.pages.size(); ++i) {
    const PageNo first = world.setup.first_page(i);
    for (PageNo page = first; page < first + world.setup.pages[i].pages; ++page) {
      for (ProcessId id = 0; id < world.processes.size(); ++id) {
        const EntryRef spot = world.find(id, page);
        if (!spot.entry.is(EntryKind::page) || spot.entry.target != folio.id) continue;
        if (spot.huge && spot.base != page) continue;
        const std::string place =
            world.setup.pages[i].pages > 1 && !spot.huge
                ? fmt::format("{}[{}]", world.setup.pages[i].name, page - first)
                : world.setup.pages[i].name;
        text += fmt::format("{}{}@P{}:{}{}", text.empty() ? "" : " ", place, id,
                            spot.entry.writable ? 'W' : 'R', spot.huge ? " huge" : "");
      }
    }
  }
  return text.empty() ? "unmapped" : text;
}

std::string counters_of(World& world, Folio& folio) {
  std::uint32_t maps = static_cast<std::uint32_t>(std::popcount(folio.whole.read()));
  bool exclusive = false;
  for (Page& page : folio.pages) {
    maps += static_cast<std::uint32_t>(std::popcount(page.homes.read()));
    exclusive = exclusive || page.exclusive.read();
  }
  std::string text = fmt::format("map {} ref {}", maps, folio.refs.read());
  if (folio.slot.read() != 0) {
    text += fmt::format(" swap {} cached", world.swap_slot(folio.slot.read() - 1u).count.read());
  }
  if (folio.pins.read() != 0) text += fmt::format(" pins {}", folio.pins.read());
  if (exclusive) text += " e";
  if (folio.ksm.read()) text += " merged";
  if (folio.locked.read()) text += " locked";
  if (folio.writeback.read()) text += " writeback";
  return text;
}

std::string bytes_of(Folio& folio) {
  std::string text;
  for (Page& page : folio.pages) {
    if (!text.empty()) text += ' ';
    text += page.a.read() == page.b.read() ? fmt::format("{}", page.a.read())
                                           : fmt::format("{}.{}", page.a.read(), page.b.read());
  }
  return text;
}

std::string slots_of(World& world) {
  std::string text;
  for (std::size_t i = 0; i < world.notes.size(); ++i) {
    const Slot& slot = world.swap_slot(i);
    if (slot.count.read() == 0 || slot.cached.read() != 0) continue;
    text += fmt::format("{}slot {}: swap {} = {}", text.empty() ? "" : " | ", i, slot.count.read(),
                        slot.a.read());
  }
  return text;
}

}  // namespace

std::string describe(World& world) {
  std::string text;
  const auto append = [&](const std::string& part) {
    if (part.empty()) return;
    if (!text.empty()) text += " | ";
    text += part;
  };
  for (std::size_t maker = 0; maker < world.all_folios().size(); ++maker) {
    for (std::size_t i = 0; i < world.all_folios()[maker].size(); ++i) {
      Folio& folio = world.folio(static_cast<FolioId>(maker << 8 | i));
      if (folio.refs.read() == 0 && folio.pins.read() == 0) continue;
      append(fmt::format("{}: {} = {}", entries_of(world, folio), counters_of(world, folio),
                         bytes_of(folio)));
    }
  }
  append(slots_of(world));
  return text;
}

}  // namespace lab::model
