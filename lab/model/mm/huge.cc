#include <algorithm>

#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

bool has_huge_entry(World& world, ProcessId id, PageNo page) { return world.find(id, page).huge; }

// Raises the small counts in one step and lowers the large one in another: who adds them up without
// a lock can be misled in between.
Answer split_pmd_in_two_steps(World& world, Task task, const HugeRun& run) {
  Process& process = world.process(task.process);
  lock_table(process);
  const bool splits = step("split: raises the small map counts", [&] {
    if (!has_huge_entry(world, task.process, run.first)) return false;
    world.raise_maps_for_split(task.process, run);
    return true;
  });
  if (splits) {
    step("split: lowers the huge map count",
         [&] { world.lower_maps_for_split(task.process, run); });
  }
  unlock_table(process);
  return splits ? Answer::done : Answer::failed;
}

template <typename F>
auto with_all_tables(const char* label, World& world, F&& happen) {
  return await(
      label,
      [&] {
        return std::none_of(world.processes.begin(), world.processes.end(),
                            [](const Process& process) { return process.table_locked.read(); });
      },
      std::forward<F>(happen));
}

void move_page(World& world, Folio& from, std::uint32_t index, Folio& to) {
  to.pages[0].a.write(from.pages[index].a.read());
  to.pages[0].b.write(from.pages[index].b.read());
  to.pages[0].exclusive.write(from.pages[index].exclusive.read());
  if (from.dirty.read()) to.dirty.write(true);
  if (from.lazyfree.read()) to.lazyfree.write(true);
  Homes homes = from.pages[index].homes.read();
  while (homes != 0) {
    const Home home = first_home(world, homes);
    homes &= ~world.home(home.process, home.page);
    Entry entry = world.process(home.process).pages[home.page].entry.read();
    world.unmap(home.process, home.page, entry, {});
    entry.target = to.id;
    entry.index = 0;
    world.map(home.process, home.page, entry);
  }
}

// The migration entries of a split hand what they know to the folio: one that was written to makes
// all parts dirty.
bool is_dirty(World& world, const Folio& folio) {
  if (folio.dirty.read()) return true;
  for (const Page& page : folio.pages)
    for (Homes homes = page.homes.read(); homes != 0;) {
      const Home home = first_home(world, homes);
      homes &= ~world.home(home.process, home.page);
      if (world.process(home.process).pages[home.page].entry.read().dirty) return true;
    }
  return false;
}

// With all entries small: one step, since a kernel freezes the references and leaves migration
// entries meanwhile.
Answer split_into_pages(World& world, Task task, Folio& folio) {
  return with_all_tables("split: the folio", world, [&] {
    const Counts page = world.counts(folio, 0);
    const Decision decision = unreferenced(world.rules, page);
    decided(decision.why);
    if (folio.locked.read() || folio.whole.read() != 0 || !decision) return Answer::failed;
    if (is_dirty(world, folio)) folio.dirty.write(true);
    for (std::uint32_t i = 0; i < folio.pages.size(); ++i) {
      if (folio.pages[i].homes.read() == 0) continue;
      move_page(world, folio, i, world.make_folio(task, FolioKind::anonymous));
    }
    return Answer::done;
  });
}

// What collapse found in one run of small entries.
struct Parts {
  bool possible = true;
  Folio* only = nullptr;  // all parts are this folio's pages, in order
};

// A huge page lies in one region; holes are filled with zeroes, unless userfaultfd may want to fill
// them.
Parts examine(World& world, ProcessId id, const HugeRun& run) {
  Parts parts;
  std::uint32_t holes = 0;
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const EntryRef spot = world.find(id, run.first + i);
    const Region region = world.region(id, run.first + i);
    if (!region.copy_on_write() || spot.entry.wp || spot.huge) return {false, nullptr};
    if (region != world.region(id, run.first)) return {false, nullptr};
    if (spot.entry.is(EntryKind::zero) || spot.entry.is(EntryKind::none)) {
      if (region.registered()) return {false, nullptr};
      if (spot.entry.is(EntryKind::none)) ++holes;
      parts.only = nullptr;
      continue;
    }
    if (!spot.entry.is(EntryKind::page)) return {false, nullptr};
    Folio& folio = world.folio(spot.entry);
    // Of a part all small pages are merged into one, which a collapse would have to lock twice.
    if (!folio.anonymous() || folio.ksm.read() || folio.locked.read() ||
        !unreferenced(world.rules, world.counts(spot))) {
      return {false, nullptr};
    }
    const bool follows = spot.entry.index == i && (i == 0 || parts.only == &folio);
    parts.only = follows && folio.pages.size() == run.count ? &folio : nullptr;
  }
  if (holes == run.count) return {false, nullptr};
  return parts;
}

void copy_parts(World& world, ProcessId id, const HugeRun& run, Folio& into) {
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const Entry entry = world.find(id, run.first + i).entry;
    if (entry.is(EntryKind::page)) {
      into.pages[i].a.write(world.page(entry).a.read());
      into.pages[i].b.write(world.page(entry).b.read());
      world.notes[run.first + i].copies.add(1);
    }
    world.zap(id, run.first + i);
  }
}

void map_huge(World& world, ProcessId id, const HugeRun& run, Folio& folio) {
  Entry entry;
  entry.kind = EntryKind::page;
  entry.target = folio.id;
  entry.dirty = true;
  entry.writable = world.region(id, run.first).protection == Protection::write;
  folio.whole.add(world.home(id, run.first));
  folio.owners.write(with_map(folio.owners.read(), static_cast<std::uint8_t>(id + 1)));
  folio.refs.add(1);
  world.mark(entry, true);
  for (std::uint32_t i = 1; i < run.count; ++i)
    if (folio.pages[i].exclusive.read()) folio.pages[i].exclusive.write(false);
  world.find_huge(id, run.first).write(entry);
}

// What is on swap comes first; its write protection keeps the rest from being collapsed.
void bring_in(World& world, Task task, PageNo page) {
  const bool away = look("collapse: looks for swap", [&] {
    const Entry entry = world.find(task.process, page).entry;
    return entry.is(EntryKind::swap) && !entry.wp;
  });
  if (away) (void)fault(world, task, page, {Fault::read});
}

}  // namespace

Answer split_pmd(World& world, Task task, PageNo page) {
  const HugeRun* const run = world.run_of(page);
  if (run == nullptr) return Answer::failed;
  if (world.rules.reuse_pmd_thp == ReusePmd::map_torn)
    return split_pmd_in_two_steps(world, task, *run);
  return in_map("split: the huge entry", world.process(task.process), [&] {
    if (!has_huge_entry(world, task.process, page)) return Answer::failed;
    world.split_pmd(task.process, *run);
    return Answer::done;
  });
}

Answer split_folio(World& world, Task task, PageNo page) {
  const HugeRun* const run = world.run_of(page);
  if (run == nullptr) return Answer::failed;
  Folio* const folio = step("split: looks up the folio", [&]() -> Folio* {
    const Entry entry = world.find(task.process, page).entry;
    return entry.is(EntryKind::page) && world.folio(entry).pages.size() > 1 ? &world.folio(entry)
                                                                            : nullptr;
  });
  if (folio == nullptr) return Answer::failed;
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    in_table("split: a huge entry", world.process(id), [&] {
      const EntryRef spot = world.find(id, run->first);
      if (spot.huge && spot.entry.target == folio->id) world.split_pmd(id, *run);
    });
  }
  return split_into_pages(world, task, *folio);
}

Answer split_before_small_work(World& world, Task task, PageNo page) {
  if (world.run_of(page) == nullptr) return Answer::done;
  const bool large = step("looks whether the folio is large", [&] {
    const Entry entry = world.find(task.process, page).entry;
    return entry.is(EntryKind::page) && world.folio(entry).pages.size() > 1;
  });
  return large ? split_folio(world, task, page) : Answer::done;
}

Answer collapse(World& world, Task task, PageNo page) {
  const HugeRun* const run = world.run_of(page);
  if (run == nullptr) return Answer::failed;
  for (std::uint32_t i = 0; i < run->count; ++i) bring_in(world, task, run->first + i);
  return alone_in_map("collapse", world.process(task.process), [&] {
    const Parts parts = examine(world, task.process, *run);
    if (!parts.possible) return Answer::failed;
    const bool in_place = world.rules.collapse_judges == Flag::no && parts.only != nullptr;
    decided(in_place ? "collapse: the folio as it is" : "collapse: copies into a new page");
    Folio& folio =
        in_place ? *parts.only : world.make_folio(task, FolioKind::anonymous, run->count);
    if (in_place) {
      for (std::uint32_t i = 0; i < run->count; ++i) world.zap(task.process, run->first + i);
    } else {
      copy_parts(world, task.process, *run, folio);
    }
    map_huge(world, task.process, *run, folio);
    return Answer::done;
  });
}

}  // namespace lab::model
