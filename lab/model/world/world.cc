#include "lab/model/world/world.h"

#include <algorithm>
#include <bit>

namespace lab::model {
namespace {

std::vector<HugeRun> huge_runs(const Setup& setup) {
  std::vector<HugeRun> runs;
  for (std::size_t i = 0; i < setup.pages.size(); ++i) {
    if (setup.pages[i].pages > 1) runs.push_back({setup.first_page(i), setup.pages[i].pages});
  }
  return runs;
}

std::uint32_t pool_pages_of(const Setup& setup) {
  const bool some = std::any_of(setup.pages.begin(), setup.pages.end(),
                                [](const PageSetup& page) { return page.hugetlb; });
  return some ? setup.page_count() : 0;
}

std::uint32_t number_of(Homes homes) { return static_cast<std::uint32_t>(std::popcount(homes)); }

std::uint32_t count_of(const Shared<std::int32_t>& counter) {
  return static_cast<std::uint32_t>(std::max(0, counter.read()));
}

}  // namespace

World::World(const Rules& chosen, const Setup& start)
    : rules(chosen), setup(start), runs(huge_runs(start)), folios_(start.cpus + 1) {
  const std::uint32_t pages = setup.page_count();
  for (std::uint32_t i = 0; i < setup.processes; ++i) processes.emplace_back(pages, runs.size());
  notes = std::vector<PageNotes>(pages);
  references = std::vector<NamedReference>(setup.references);
  batches = std::vector<Batch>(setup.cpus);
  pool_pages = std::vector<PoolPage>(pool_pages_of(setup));
  free_hugetlb.write(static_cast<std::int32_t>(setup.free_hugetlb));
  populate(*this);
}

Folio& World::make_folio(Task task, FolioKind kind, std::uint32_t pages) {
  return make_folio_of(task.cpu + 1, kind, pages);
}

Folio& World::make_folio_of(std::uint32_t maker, FolioKind kind, std::uint32_t pages) {
  Folios& made = folios_[maker];
  if (made.size() == 256) broken("a thread of the model made more than 256 folios");
  const auto id = static_cast<FolioId>(maker << 8 | made.size());
  return *made.emplace_back(std::make_unique<Folio>(id, kind, pages));
}

void World::forget_folios(const std::vector<std::size_t>& made) {
  for (std::size_t maker = 0; maker < folios_.size(); ++maker)
    while (folios_[maker].size() > made[maker]) folios_[maker].pop_back();
}

const HugeRun* World::run_of(PageNo page) const {
  const auto run =
      std::find_if(runs.begin(), runs.end(), [&](const HugeRun& r) { return r.has(page); });
  return run == runs.end() ? nullptr : &*run;
}

EntryRef World::find(ProcessId id, PageNo page) {
  if (const HugeRun* run = run_of(page)) {
    Shared<Entry>& where = find_huge(id, page);
    Entry entry = where.read();
    if (!entry.is(EntryKind::none)) {
      entry.index = static_cast<std::uint8_t>(page - run->first);
      return {&where, entry, true, run->first};
    }
  }
  Shared<Entry>& where = processes[id].pages[page].entry;
  return {&where, where.read(), false, page};
}

Counts World::counts(Folio& folio, std::uint32_t index) {
  Counts found;
  found.large = folio.large();
  found.anonymous = folio.anonymous();
  found.ksm = folio.ksm.read();
  found.refs = count_of(folio.refs);
  if (found.large || rules.pin_count == PinCount::exact) found.pins = count_of(folio.pins);
  if (marks()) found.exclusive = folio.pages[index].exclusive.read();
  const std::uint32_t whole = found.large ? number_of(folio.whole.read()) : 0;
  found.all_maps = whole;
  for (std::uint32_t i = 0; i < folio.pages.size(); ++i) {
    const std::uint32_t maps = number_of(folio.pages[i].homes.read());
    found.all_maps += maps;
    found.most_maps = std::max(found.most_maps, maps + whole);
    if (i == index) found.maps = maps + whole;
  }
  if (found.large) found.one_process = folio.owners.read().one_process();
  if (const std::uint16_t slot = folio.slot.read(); slot != 0) {
    found.swap_cache = true;
    found.swaps = count_of(swap_slot(slot - 1u).count);
    if (setup.swap == SwapDevice::stable_writes) {
      found.stable_writes = true;
      found.writeback = folio.writeback.read();
    }
  }
  return found;
}

Homes World::home(ProcessId id, PageNo page) const {
  return Homes{1} << (id * setup.page_count() + page);
}

void World::claim_entry(const Entry& entry) {
  if (!marks() || !entry.writable) return;
  Folio& owner = folio(entry);
  if (!owner.anonymous()) return;
  const bool whole = owner.pages[entry.index].exclusive.read() || owner.pages[0].exclusive.read();
  if (!whole) broken("I1: a writable entry of an anonymous page that is not marked exclusive");
}

void World::map(ProcessId id, PageNo page, const Entry& entry, bool referenced) {
  Folio& owner = folio(entry);
  owner.pages[entry.index].homes.add(home(id, page));
  if (referenced) owner.refs.add(1);
  if (owner.large())
    owner.owners.write(with_map(owner.owners.read(), static_cast<std::uint8_t>(id + 1)));
  processes[id].pages[page].entry.write(entry);
  claim_entry(entry);
}

void World::unmap(ProcessId id, PageNo page, const Entry& entry, const Entry& instead) {
  Folio& owner = folio(entry);
  owner.pages[entry.index].homes.add(Homes{0} - home(id, page));
  if (owner.large())
    owner.owners.write(without_map(owner.owners.read(), static_cast<std::uint8_t>(id + 1)));
  if (entry.dirty && !owner.dirty.read()) owner.dirty.write(true);
  processes[id].pages[page].entry.write(instead);
  put(owner);
}

void World::leave(ProcessId id, PageNo page, Entry entry) {
  if (folio(entry).anonymous()) entry.dirty = false;
  unmap(id, page, entry, {});
}

void World::change(const EntryRef& spot, Entry entry) {
  if (entry.is(EntryKind::page)) claim_entry(entry);
  if (spot.huge) entry.index = 0;
  spot.where->write(entry);
}

void World::put(Folio& folio, std::int32_t number) {
  folio.refs.add(-number);
  // Others are never used again, so nothing happens when no reference is left.
  if (folio.kind == FolioKind::hugetlb && folio.refs.read() == 0) free_hugetlb.add(1);
}

void World::visit(Folio& folio) {
  folio.refs.add(1);
  if (rules.pin_count == PinCount::exact) folio.visitors.add(1);
}

void World::end_visit(Folio& folio) {
  if (rules.pin_count == PinCount::exact) folio.visitors.add(-1);
  put(folio);
}

void World::mark(const Entry& entry, bool exclusive) {
  if (!marks()) return;
  Folio& owner = folio(entry);
  if (exclusive && owner.ksm.read()) broken("I3: a merged page was marked exclusive");
  owner.pages[entry.index].exclusive.write(exclusive);
}

void World::drop_swap(SlotId slot) {
  Slot& of = swap_slot(slot);
  of.count.add(-1);
  if (of.count.read() != 0 || of.cached.read() == 0) return;
  Folio& cached = folio(static_cast<FolioId>(of.cached.read() - 1));
  // What is mapped, written or locked stays until reclaim comes by.
  if (cached.locked.read() || cached.writeback.read() || cached.pages[0].homes.read() != 0) return;
  leave_swap_cache(cached);
}

void World::leave_swap_cache(Folio& folio) {
  swap_slot(folio.slot.read() - 1u).cached.write(0);
  folio.slot.write(0);
  folio.dirty.write(true);  // memory is the only place that has it now
  put(folio);
}

void World::zap(ProcessId id, PageNo page) {
  if (find(id, page).huge) split_pmd(id, *run_of(page));
  Shared<Entry>& where = processes[id].pages[page].entry;
  const Entry entry = where.read();
  if (entry == Entry{}) return;  // else it is a marker, at least
  if (entry.is(EntryKind::page)) return leave(id, page, entry);
  where.write({});
  if (entry.is(EntryKind::swap)) drop_swap(entry.target);
}

void World::split_pmd(ProcessId id, const HugeRun& run) {
  raise_maps_for_split(id, run);
  lower_maps_for_split(id, run);
}

void World::raise_maps_for_split(ProcessId id, const HugeRun& run) {
  const EntryRef spot = find(id, run.first);
  Folio& owner = folio(spot.entry);
  const bool exclusive = marks() && owner.pages[0].exclusive.read();
  Owners owners = owner.owners.read();
  for (std::uint32_t i = 0; i < run.count; ++i) {
    owner.pages[i].homes.add(home(id, run.first + i));
    if (marks()) owner.pages[i].exclusive.write(exclusive);
    owners = with_map(owners, static_cast<std::uint8_t>(id + 1));
  }
  owner.owners.write(owners);
  owner.refs.add(static_cast<std::int32_t>(run.count));
}

void World::lower_maps_for_split(ProcessId id, const HugeRun& run) {
  const EntryRef spot = find(id, run.first);
  Folio& owner = folio(spot.entry);
  for (std::uint32_t i = 0; i < run.count; ++i) {
    Entry entry = spot.entry;
    entry.index = static_cast<std::uint8_t>(i);
    processes[id].pages[run.first + i].entry.write(entry);
  }
  spot.where->write({});
  owner.whole.add(Homes{0} - home(id, run.first));
  owner.owners.write(without_map(owner.owners.read(), static_cast<std::uint8_t>(id + 1)));
  put(owner);
}

Home first_home(const World& world, Homes homes) {
  const std::uint32_t pages = world.setup.page_count();
  const auto bit = static_cast<std::uint32_t>(std::countr_zero(homes));
  if (bit / pages >= world.setup.processes)
    broken("a page's maps name an entry that no process has");
  return {bit / pages, bit % pages};
}

}  // namespace lab::model
