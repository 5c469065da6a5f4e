#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/mm/rmap.h"
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
  return region.mapped;
}

bool lazily_freed(World& world, ProcessId id, PageNo page) {
  const EntryRef spot = world.find(id, page);
  if (spot.entry.is(EntryKind::swap)) {
    world.zap(id, page);
    return true;
  }
  if (world.region(id, page).hugetlb || world.region(id, page).file != 0) return false;
  if (spot.huge || !spot.entry.is(EntryKind::page)) return true;
  Folio& folio = world.folio(spot.entry);
  const Counts counts = world.counts(spot);
  if (counts.large || !counts.anonymous || counts.ksm || counts.maps != 1 || folio.locked.read())
    return true;
  try_to_free_swap(world, folio);
  if (folio.slot.read() != 0) return true;
  Entry entry = spot.entry;
  entry.dirty = false;
  world.change(spot, entry);
  folio.dirty.write(false);
  folio.lazyfree.write(true);
  return true;
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
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    in_map("free", world.process(task.process), [&] {
      const Region region = world.region(task.process, page);
      const bool freed = region.copy_on_write() && lazily_freed(world, task.process, page);
      if (!freed) answer = Answer::failed;
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
