#include <bit>

#include <fmt/format.h>

#include "lab/model/inspect.h"
#include "lab/words/counted.h"

namespace lab::model {
namespace {

using Complaint = std::optional<std::string>;

// What a folio is called: by who maps it, or by its number.
std::string name_of(World& world, const Folio& folio) {
  for (std::size_t i = 0; i < world.setup.pages.size(); ++i) {
    const PageNo first = world.setup.first_page(i);
    for (ProcessId id = 0; id < world.processes.size(); ++id) {
      for (PageNo page = first; page < first + world.setup.pages[i].pages; ++page) {
        const Entry entry = world.find(id, page).entry;
        if (entry.is(EntryKind::page) && entry.target == folio.id) return world.setup.pages[i].name;
      }
    }
  }
  return fmt::format("page {}.{}", folio.id >> 8, folio.id & 0xff);
}

Complaint wrong_counts(World& world, const Tally& tally, Folio& folio) {
  const auto& expected = tally.of(folio);
  const auto complain = [&](const char* what, auto is, auto ought) {
    return fmt::format("{}: {} is {}, but {} are there", name_of(world, folio), what, is, ought);
  };
  if (folio.refs.read() < expected.refs) return complain("refs", folio.refs.read(), expected.refs);
  if (folio.pins.read() != expected.pins) return complain("pins", folio.pins.read(), expected.pins);
  if (folio.whole.read() != expected.whole) {
    return complain("huge map", std::popcount(folio.whole.read()), std::popcount(expected.whole));
  }
  for (std::uint32_t i = 0; i < folio.pages.size(); ++i) {
    const Homes homes = folio.pages[i].homes.read();
    const Homes ought = tally.homes(folio, i);
    if (homes != ought) return complain("map", std::popcount(homes), std::popcount(ought));
  }
  return std::nullopt;
}

// I3, and I4's half that a page shows.
Complaint wrong_marks(World& world, Folio& folio) {
  if (!world.marks() || !folio.anonymous()) return std::nullopt;
  for (Page& page : folio.pages) {
    if (!page.exclusive.read()) continue;
    const int maps = std::popcount(page.homes.read()) + std::popcount(folio.whole.read());
    if (maps > 1)
      return fmt::format("I3: {} is marked exclusive and mapped {} times", name_of(world, folio),
                         maps);
    if (folio.ksm.read())
      return fmt::format("I3: {} is marked exclusive and merged", name_of(world, folio));
  }
  return std::nullopt;
}

Complaint wrong_entry(World& world, ProcessId id, PageNo page) {
  const EntryRef spot = world.find(id, page);
  if (spot.entry.is(EntryKind::swap) && world.marks()) {
    const std::uint16_t cached = world.swap_slot(spot.entry.target).cached.read();
    if (cached != 0 && world.folio(static_cast<FolioId>(cached - 1)).pages[0].exclusive.read()) {
      return "I4: a swap entry names a page that is marked exclusive";
    }
  }
  if (!spot.entry.is(EntryKind::page) || !spot.entry.writable) return std::nullopt;
  const Counts counts = world.counts(spot);
  if (!counts.anonymous) return std::nullopt;
  if (world.marks() && !counts.exclusive) {
    return fmt::format("I1: {} is writable and not marked exclusive",
                       name_of(world, world.folio(spot.entry)));
  }
  if (world.rules.pin_count == PinCount::exact && world.rules.get == Get::hold && !counts.large &&
      counts.refs != 1) {
    return fmt::format("own: {} is writable and has {} references",
                       name_of(world, world.folio(spot.entry)), counts.refs);
  }
  return std::nullopt;
}

// I2, or what the rule-set has in its place.
Complaint wrong_pin(World& world, const Reference& held) {
  if (held.state != ReferenceState::page || !held.pin) return std::nullopt;
  Folio& folio = world.folio(held.folio);
  const std::uint32_t carrier = folio.whole.read() != 0 ? 0 : held.index;
  const Decision decision = unpin_finds_in_order(world.rules, world.counts(folio, carrier));
  if (decision) return std::nullopt;
  return fmt::format("I2: {}: {}", name_of(world, folio), decision.why);
}

template <typename F>
Complaint first_of_folios(World& world, F&& wrong) {
  for (std::size_t maker = 0; maker < world.all_folios().size(); ++maker) {
    for (std::size_t i = 0; i < world.all_folios()[maker].size(); ++i) {
      if (auto text = wrong(world.folio(static_cast<FolioId>(maker << 8 | i)))) return text;
    }
  }
  return std::nullopt;
}

}  // namespace

void Tally::count(World& world) {
  slots_.assign(world.notes.size(), 0);
  makers_.clear();
  folios_.clear();
  std::uint32_t pages = 0;
  for (const World::Folios& made : world.all_folios()) {
    makers_.push_back(folios_.size());
    for (const auto& folio : made) {
      const int others =
          (folio->kind == FolioKind::file ? 1 : 0) + (folio->slot.read() != 0 ? 1 : 0);
      folios_.push_back({folio->held + others, 0, 0, pages});
      pages += static_cast<std::uint32_t>(folio->pages.size());
    }
  }
  homes_.assign(pages, 0);
  count_entries(world);
  count_references(world);
}

void Tally::count_entries(World& world) {
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    for (PageNo page = 0; page < world.setup.page_count(); ++page) {
      const EntryRef spot = world.find(id, page);
      if (spot.entry.is(EntryKind::swap)) ++slots_[spot.entry.target];
      if (!spot.entry.is(EntryKind::page) || (spot.huge && spot.base != page)) continue;
      Expected& of = at(spot.entry.target);
      ++of.refs;
      (spot.huge ? of.whole : homes_[of.homes + spot.entry.index]) |= world.home(id, page);
    }
  }
}

void Tally::count_references(World& world) {
  for (const NamedReference& named : world.references) {
    const Reference held = named.held.read();
    if (held.state != ReferenceState::page) continue;
    Expected& of = at(held.folio);
    const bool exact = world.rules.pin_count == PinCount::exact;
    const bool large = world.folio(held.folio).large();
    if (held.pin && (exact || large)) ++of.pins;
    if (held.pin && !exact && !large) of.refs += static_cast<std::int32_t>(world.rules.bias);
    if (!held.pin || (!exact && large)) ++of.refs;
  }
  for (const PageNotes& notes : world.notes) {
    if (const std::uint16_t id = notes.locking.read(); id != 0)
      ++at(static_cast<FolioId>(id - 1)).refs;
  }
  for (const Batch& batch : world.batches) {
    if (const std::uint16_t id = batch.folio.read(); id != 0)
      ++at(static_cast<FolioId>(id - 1)).refs;
  }
}

namespace {

Complaint wrong_books(World& world, const Tally& tally) {
  if (auto text =
          first_of_folios(world, [&](Folio& folio) { return wrong_counts(world, tally, folio); }))
    return text;
  if (auto text = first_of_folios(world, [&](Folio& folio) { return wrong_marks(world, folio); }))
    return text;
  const auto slots = static_cast<SlotId>(world.notes.size());
  for (SlotId slot = 0; slot < slots; ++slot) {
    const std::int32_t count = world.swap_slot(slot).count.read();
    const std::int32_t entries = tally.of_slot(slot);
    if (count != entries) {
      return fmt::format("slot {}: count is {}, but {} swap {} there", slot, count, entries,
                         entries == 1 ? "entry is" : "entries are");
    }
  }
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    for (PageNo page = 0; page < world.setup.page_count(); ++page) {
      if (auto text = wrong_entry(world, id, page)) return text;
    }
  }
  for (const NamedReference& named : world.references) {
    if (auto text = wrong_pin(world, named.held.read())) return text;
  }
  return std::nullopt;
}

const Tally& tally_of(World& world) {
  static thread_local Tally tally;
  tally.count(world);
  return tally;
}

Complaint lost_count(World& world, const Tally& tally) {
  return first_of_folios(world, [&](Folio& folio) -> Complaint {
    const std::int32_t over = folio.refs.read() - tally.of(folio).refs;
    if (over <= 0) return std::nullopt;
    return name_of(world, folio) + ": " +
           words::counted(static_cast<std::uint64_t>(over), "reference") + " more than are held";
  });
}

}  // namespace

std::optional<std::string> invariant(World& world) { return wrong_books(world, tally_of(world)); }
std::optional<std::string> leak(World& world) { return lost_count(world, tally_of(world)); }
std::optional<std::string> contradiction(World& world) {
  const Tally& tally = tally_of(world);
  if (auto text = wrong_books(world, tally)) return text;
  return lost_count(world, tally);
}

}  // namespace lab::model
