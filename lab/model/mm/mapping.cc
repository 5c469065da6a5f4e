#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

// One step for each page: what a system call does to a range it does page by page.
template <typename F>
Answer each_page(const char* label, World& world, Task task, PageRange pages, F&& change) {
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    const bool changed = alone_in_map(label, world.process(task.process), [&] {
      return change(page, world.process(task.process).pages[page]);
    });
    if (!changed) answer = Answer::failed;
  }
  return answer;
}

template <typename F>
Answer each_region(const char* label, World& world, Task task, PageRange pages, F&& change) {
  return each_page(label, world, task, pages, [&](PageNo, TableEntry& of) {
    Region region = of.region.read();
    if (!region.mapped || !change(region)) return false;
    of.region.write(region);
    return true;
  });
}

// Bytes that come back from elsewhere are still protected then.
bool keeps_marker(const Region& region, const Entry& entry) {
  return region.wp && entry.wp && (region.file != 0 || region.hugetlb);
}

void leave_marker(TableEntry& of) {
  Entry marker;
  marker.wp = true;
  of.entry.write(marker);
}

bool may_discard(const World& world, const Region& region) {
  if (world.rules.discard_asks_write == Flag::yes && region.protection != Protection::write)
    return false;
  if (world.rules.discard_hugetlb == Flag::no && region.hugetlb) return false;
  return region.mapped;
}

// MADV_FREE: reclaim may drop the bytes, until they are written to again.

bool may_be_freed(const Region& region) {
  return region.copy_on_write() && region.file == 0 && !region.hugetlb;
}

bool may_give_up(World& world, Folio& folio, const Counts& page, std::uint32_t own_maps) {
  const bool as_a_whole = folio.dirty.read() || folio.slot.read() != 0;
  const Decision decision = lazyfree_marks(world.rules, page, own_maps, as_a_whole);
  decided(decision.why);
  if (!decision || !as_a_whole) return decision.yes;
  if (folio.locked.read()) return false;
  try_to_free_swap(world, folio);
  return folio.slot.read() == 0;
}

void clean(World& world, const EntryRef& spot) {
  Entry entry = spot.entry;
  entry.dirty = false;
  world.change(spot, entry);
}

void give_up(Folio& folio) {
  folio.dirty.write(false);
  folio.lazyfree.write(true);
}

void free_small(World& world, ProcessId id, PageNo page) {
  const EntryRef spot = world.find(id, page);
  if (spot.entry.is(EntryKind::swap)) return world.zap(id, page);
  if (!spot.entry.is(EntryKind::page)) return;
  Folio& folio = world.folio(spot.entry);
  const Counts counts = world.counts(spot);
  if (counts.large || !counts.anonymous || counts.ksm) return;
  if (!may_give_up(world, folio, counts, 1)) return;
  clean(world, spot);
  give_up(folio);
}

// The large folio that the run's entries map one by one, all of it and in order.
Folio* mapped_by_all(World& world, ProcessId id, const HugeRun& run) {
  Folio* folio = nullptr;
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const Entry entry = world.find(id, run.first + i).entry;
    if (!entry.is(EntryKind::page) || entry.index != i) return nullptr;
    Folio* const here = &world.folio(entry);
    if (i > 0 && here != folio) return nullptr;
    folio = here;
  }
  return folio->pages.size() == run.count ? folio : nullptr;
}

// False: what is there is no whole.
bool free_whole(World& world, ProcessId id, const HugeRun& run) {
  const EntryRef first = world.find(id, run.first);
  if (first.huge) {
    Folio& folio = world.folio(first.entry);
    if (world.counts(first).all_maps != 1 || folio.locked.read()) return true;
    clean(world, first);
    give_up(folio);
    return true;
  }
  Folio* const folio = mapped_by_all(world, id, run);
  if (folio == nullptr) return false;
  if (!may_give_up(world, *folio, world.counts(first), run.count)) return true;
  for (std::uint32_t i = 0; i < run.count; ++i) clean(world, world.find(id, run.first + i));
  give_up(*folio);
  return true;
}

// A part of what is large is made small first. Where that fails it stays as it is.
void split_for_part(World& world, Task task, PageNo page) {
  const bool splits = look("free: is it a part", [&] {
    const Entry entry = world.find(task.process, page).entry;
    if (!may_be_freed(world.region(task.process, page)) || !entry.is(EntryKind::page)) return false;
    Folio& folio = world.folio(entry);
    return folio.pages.size() > 1 && folio.owners.read().one_process() && !folio.locked.read();
  });
  if (splits) (void)split_folio(world, task, page);
}

}  // namespace

Answer unmap(World& world, Task task, PageRange pages) {
  each_page("unmap", world, task, pages, [&](PageNo page, TableEntry& of) {
    if (!of.region.read().mapped) return true;
    world.zap(task.process, page);
    of.region.write({});
    return true;
  });
  return Answer::done;
}

Answer map(World& world, Task task, PageRange pages) {
  return each_page("map", world, task, pages, [](PageNo, TableEntry& of) {
    if (of.region.read().mapped) return false;
    Region region;
    region.mapped = true;
    region.protection = Protection::write;
    of.region.write(region);
    return true;
  });
}

Answer discard(World& world, Task task, PageRange pages) {
  Process& process = world.process(task.process);
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    in_map("discard", process, [&] {
      const Region region = process.pages[page].region.read();
      if (!may_discard(world, region)) {
        answer = Answer::failed;
        return;
      }
      const Entry entry = world.find(task.process, page).entry;
      world.zap(task.process, page);
      if (keeps_marker(region, entry)) leave_marker(process.pages[page]);
    });
  }
  return answer;
}

Answer free_lazily(World& world, Task task, PageRange pages) {
  Process& process = world.process(task.process);
  const HugeRun* const run = world.run_of(pages.first);
  if (run != nullptr && pages.count >= run->count) {
    const bool freed = in_map("free: the whole", process, [&] {
      return may_be_freed(world.region(task.process, run->first)) &&
             free_whole(world, task.process, *run);
    });
    if (freed) return Answer::done;
  }
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    if (run != nullptr) split_for_part(world, task, page);
    in_map("free", process, [&] {
      if (may_be_freed(world.region(task.process, page)))
        free_small(world, task.process, page);
      else
        answer = Answer::failed;
    });
  }
  return answer;
}

Answer set_dontfork(World& world, Task task, PageRange pages, bool on) {
  return each_region("dontfork", world, task, pages, [&](Region& region) {
    region.dontfork = on;
    return true;
  });
}

Answer set_wipeonfork(World& world, Task task, PageRange pages, bool on) {
  return each_region("wipeonfork", world, task, pages, [&](Region& region) {
    if (on && (region.file != 0 || region.hugetlb)) return false;
    region.wipeonfork = on;
    return true;
  });
}

}  // namespace lab::model
