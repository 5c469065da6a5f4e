// Moving pages to other addresses of their process: mremap and UFFDIO_MOVE.
#include "lab/model/mm/operations.h"
#include "lab/model/mm/userfault.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

// The parts of a huge run that is moved as a whole go with its entry.
const HugeRun* whole_run(const World& world, PageRange pages) {
  const HugeRun* run = world.run_of(pages.first);
  return run != nullptr && run->first == pages.first && run->count == pages.count ? run : nullptr;
}

// Where both ends are runs of one size, or single pages.
bool fits(const World& world, PageRange from, PageNo to) {
  if (from.count == 1) return true;
  return whole_run(world, from) != nullptr && whole_run(world, {to, from.count}) != nullptr;
}

void move_small_entry(World& world, ProcessId id, PageNo from, PageNo to, Entry entry) {
  Process& process = world.process(id);
  if (entry.is(EntryKind::page))
    world.page(entry).homes.add(world.home(id, to) - world.home(id, from));
  process.pages[to].entry.write(entry);
  process.pages[from].entry.write({});
}

void move_huge_entry(World& world, ProcessId id, PageNo from, PageNo to, Entry entry) {
  entry.index = 0;
  world.folio(entry).whole.add(world.home(id, to) - world.home(id, from));
  world.find_huge(id, to).write(entry);
  world.find_huge(id, from).write({});
}

// Whatever moves has been written, as far as soft-dirty can tell.
Entry moved(Entry entry, bool keeps_wp) {
  entry.wp = entry.wp && keeps_wp;
  entry.tracked = false;
  return entry;
}

void move_region(World& world, ProcessId id, PageRange from, PageNo to, bool event) {
  Process& process = world.process(id);
  for (std::uint32_t i = 0; i < from.count; ++i) {
    Region region = process.pages[from.first + i].region.read();
    if (!event) region.unregister();
    process.pages[to + i].region.write(region);
    process.pages[from.first + i].region.write({});
  }
}

bool is_empty(World& world, ProcessId id, PageRange pages) {
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page)
    if (world.find(id, page).entry != Entry{}) return false;
  return true;
}

// Private anonymous memory that may be written, at both ends.
bool movable(World& world, ProcessId id, PageRange from, PageNo to) {
  const auto plain = [&](PageNo page) {
    const Region region = world.region(id, page);
    return region.copy_on_write() && region.file == 0 && !region.hugetlb &&
           region.protection == Protection::write;
  };
  for (std::uint32_t i = 0; i < from.count; ++i)
    if (!plain(from.first + i) || !plain(to + i)) return false;
  return true;
}

enum class Moves : std::uint8_t { no, done, a_page, a_huge_page, a_large_folio };

// What has no page moves at once, and a swap entry keeps its write protection; a page moves only if
// no thread is pinning it just now.
Moves examine(World& world, ProcessId id, PageRange from, PageNo to) {
  if (!movable(world, id, from, to)) return Moves::no;
  EntryRef spot = world.find(id, from.first);
  if (spot.huge && (from.count == 1 || !is_empty(world, id, {to, from.count}))) {
    world.split_pmd(id, *world.run_of(from.first));
    spot = world.find(id, from.first);
  }
  if (world.find(id, to).entry != Entry{}) return Moves::no;
  const Entry& entry = spot.entry;
  if (entry.is(EntryKind::zero) || (entry.is(EntryKind::swap) && entry.exclusive)) {
    move_small_entry(world, id, from.first, to, moved(entry, entry.is(EntryKind::swap)));
    wake(world.process(id), {to});
    return Moves::done;
  }
  if (!entry.is(EntryKind::page)) return Moves::no;
  Folio& folio = world.folio(entry);
  if (folio.locked.read()) return Moves::no;
  Counts page = world.counts(spot);
  if (spot.huge) page.exclusive = world.marks() && folio.pages[0].exclusive.read();
  const Decision decision = uffd_may_move(world.rules, page);
  decided(decision.why);
  if (!decision) return Moves::no;
  if (spot.huge) return Moves::a_huge_page;
  return folio.pages.size() > 1 ? Moves::a_large_folio : Moves::a_page;
}

// Takes the entry away and asks again, as reclaim does: a thread may be pinning the page.
Answer move_page(World& world, Task task, PageNo from, PageNo to, bool huge) {
  Process& process = world.process(task.process);
  lock_table(process);
  Shared<Entry>& where = huge ? world.find_huge(task.process, from) : process.pages[from].entry;
  const Entry entry = look("uffd move: the entry", [&] { return where.read(); });
  bool goes = entry.is(EntryKind::page);
  if (goes) {
    put("uffd move: takes the entry away", where, Entry{});
    fence("share.clear");
    goes = look("uffd move: asks again", [&] {
      const Decision decision =
          uffd_may_move(world.rules, world.counts(world.folio(entry), entry.index));
      decided(decision.why);
      return decision.yes && world.find(task.process, to).entry == Entry{};
    });
    step("uffd move: puts the entry", [&] {
      where.write(entry);
      if (!goes) return;
      (huge ? move_huge_entry : move_small_entry)(world, task.process, from, to,
                                                  moved(entry, false));
      wake(process, {to, huge ? world.run_of(to)->count : 1});
    });
  }
  unlock_table(process);
  return goes ? Answer::done : Answer::failed;
}

Answer uffd_move_one(World& world, Task task, PageRange from, PageNo to) {
  Process& process = world.process(task.process);
  const auto look_at = [&] {
    return in_map("uffd move: looks", process,
                  [&] { return examine(world, task.process, from, to); });
  };
  Moves moves = look_at();
  if (moves == Moves::a_large_folio) {
    if (split_folio(world, task, from.first) != Answer::done) return Answer::failed;
    moves = look_at();
  }
  if (moves == Moves::done) return Answer::done;
  if (moves != Moves::a_page && moves != Moves::a_huge_page) return Answer::failed;
  return move_page(world, task, from.first, to, moves == Moves::a_huge_page);
}

bool has_huge_entry(World& world, Task task, PageNo page) {
  return look("uffd move: how it is mapped", [&] { return world.find(task.process, page).huge; });
}

}  // namespace

Answer move(World& world, Task task, PageRange from, PageNo to, bool event) {
  if (from.first == to || !fits(world, from, to)) return Answer::failed;
  // What is merged is taken apart, as far as it can be: where it goes KSM does not know it.
  (void)unmerge(world, task, from);
  Process& process = world.process(task.process);
  return alone_in_map("move", process, [&] {
    for (PageNo page = from.first; page < from.first + from.count; ++page)
      if (!process.pages[page].region.read().mapped) return Answer::failed;
    for (std::uint32_t i = 0; i < from.count; ++i) world.zap(task.process, to + i);
    // Refused only when the place was free.
    if (world.rules.move_hugetlb == Flag::no && world.region(task.process, from.first).hugetlb) {
      for (std::uint32_t i = 0; i < from.count; ++i) process.pages[to + i].region.write({});
      return Answer::failed;
    }
    const EntryRef spot = world.find(task.process, from.first);
    if (spot.huge && from.count > 1) {
      move_huge_entry(world, task.process, from.first, to, moved(spot.entry, event));
    } else {
      if (spot.huge) world.split_pmd(task.process, *world.run_of(from.first));
      for (std::uint32_t i = 0; i < from.count; ++i) {
        const Entry entry = process.pages[from.first + i].entry.read();
        move_small_entry(world, task.process, from.first + i, to + i, moved(entry, event));
      }
    }
    move_region(world, task.process, from, to, event);
    return Answer::done;
  });
}

// Page by page, but for a huge entry that moves whole; what has moved stays moved.
Answer uffd_move(World& world, Task task, PageRange from, PageNo to) {
  if (world.rules.uffd_move == UffdMove::missing || from.first == to || !fits(world, from, to))
    return Answer::failed;
  if (from.count > 1 && has_huge_entry(world, task, from.first)) {
    if (uffd_move_one(world, task, from, to) != Answer::done) return Answer::failed;
    if (has_huge_entry(world, task, to)) return Answer::done;
    for (std::uint32_t i = 1; i < from.count; ++i)
      if (uffd_move_one(world, task, {from.first + i}, to + i) != Answer::done)
        return Answer::failed;
    return Answer::done;
  }
  for (std::uint32_t i = 0; i < from.count; ++i)
    if (uffd_move_one(world, task, {from.first + i}, to + i) != Answer::done) return Answer::failed;
  return Answer::done;
}

}  // namespace lab::model
