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
    if (!region.mapped) return false;
    change(region);
    of.region.write(region);
    return true;
  });
}

bool lazily_freed(World& world, ProcessId id, PageNo page) {
  const EntryRef spot = world.find(id, page);
  if (spot.entry.is(EntryKind::swap)) {
    world.zap(id, page);
    return true;
  }
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

// Moves an entry and its region, within one process.
void move_entry(World& world, ProcessId id, PageNo from, PageNo to) {
  Process& process = world.process(id);
  if (world.find(id, from).huge) world.split_pmd(id, *world.run_of(from));
  const Entry entry = process.pages[from].entry.read();
  if (entry.is(EntryKind::page)) {
    world.page(entry).homes.add(world.home(id, to) - world.home(id, from));
  }
  process.pages[to].entry.write(entry);
  process.pages[from].entry.write({});
}

enum class Moves : std::uint8_t { no, moved, a_page };

// A swap entry moves at once; a page only if no thread is pinning it just now.
Moves examine_for_move(World& world, Task task, PageNo from, PageNo to) {
  if (world.rules.uffd_move == UffdMove::missing) return Moves::no;
  const EntryRef spot = world.find(task.process, from);
  const bool room = world.region(task.process, to).copy_on_write() &&
                    world.find(task.process, to).entry.is(EntryKind::none);
  if (!room || spot.huge) return Moves::no;
  if (spot.entry.is(EntryKind::swap) && spot.entry.exclusive) {
    move_entry(world, task.process, from, to);
    return Moves::moved;
  }
  if (!spot.entry.is(EntryKind::page) || world.folio(spot.entry).locked.read()) return Moves::no;
  const Decision decision = uffd_may_move(world.rules, world.counts(spot));
  decided(decision.why);
  return decision ? Moves::a_page : Moves::no;
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
      if (!process.pages[page].region.read().mapped) answer = Answer::failed;
      world.zap(task.process, page);
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
  return each_region("dontfork", world, task, pages, [&](Region& region) { region.dontfork = on; });
}

Answer set_wipeonfork(World& world, Task task, PageRange pages, bool on) {
  return each_region("wipeonfork", world, task, pages,
                     [&](Region& region) { region.wipeonfork = on && !region.shared; });
}

Answer move(World& world, Task task, PageNo from, PageNo to) {
  Process& process = world.process(task.process);
  return alone_in_map("move", process, [&] {
    const Region region = process.pages[from].region.read();
    if (!region.mapped || from == to) return Answer::failed;
    world.zap(task.process, to);
    move_entry(world, task.process, from, to);
    process.pages[to].region.write(region);
    process.pages[from].region.write({});
    return Answer::done;
  });
}

Answer uffd_move(World& world, Task task, PageNo from, PageNo to) {
  Process& process = world.process(task.process);
  const Moves moves =
      in_map("uffd move: looks", process, [&] { return examine_for_move(world, task, from, to); });
  if (moves != Moves::a_page) return moves == Moves::moved ? Answer::done : Answer::failed;
  lock_table(process);
  Shared<Entry>& where = process.pages[from].entry;
  const Entry entry = look("uffd move: the entry", [&] { return where.read(); });
  bool goes = entry.is(EntryKind::page);
  if (goes) {
    put("uffd move: takes the entry away", where, Entry{});
    fence("share.clear");
    goes = look("uffd move: asks again", [&] {
      const Decision decision =
          uffd_may_move(world.rules, world.counts(world.folio(entry), entry.index));
      decided(decision.why);
      return decision.yes && process.pages[to].entry.read() == Entry{};
    });
    step("uffd move: puts the entry", [&] {
      where.write(entry);
      if (goes) move_entry(world, task.process, from, to);
    });
  }
  unlock_table(process);
  return goes ? Answer::done : Answer::failed;
}

}  // namespace lab::model
