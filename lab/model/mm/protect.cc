// System calls that take the permission to write away, and give it back.
#include "lab/model/mm/operations.h"
#include "lab/model/mm/userfault.h"
#include "lab/model/world/locks.h"

namespace lab::model {

EntryRef spot_within(World& world, ProcessId id, PageNo page, PageRange of) {
  const EntryRef spot = world.find(id, page);
  if (!spot.huge) return spot;
  const HugeRun& run = *world.run_of(page);
  if (of.first <= run.first && of.first + of.count >= run.first + run.count) return spot;
  world.split_pmd(id, run);
  return world.find(id, page);
}

namespace {

void upgrade(World& world, const EntryRef& spot, Entry& entry, const Region& region) {
  const bool candidate =
      entry.is(EntryKind::page) && !entry.writable && region.protection == Protection::write;
  if (!candidate || region.shared) return;
  const Decision decision = upgrades(world.rules, world.counts(spot), entry.wp || entry.tracked);
  decided(decision.why);
  entry.writable = decision.yes;
  // Its own by its counts: no other shares the merged page any more.
  if (Folio& folio = world.folio(entry); decision.yes && folio.ksm.read()) folio.ksm.write(false);
}

void clear_one(World& world, ProcessId id, PageNo page, PageRange all) {
  const EntryRef spot = spot_within(world, id, page, all);
  if (!spot.entry.is(EntryKind::page) && !spot.entry.is(EntryKind::swap)) return;
  Entry entry = spot.entry;
  entry.writable = false;
  entry.tracked = true;
  world.change(spot, entry);
}

// What is not there yet has an entry for a marker only if that is asked for, or its bytes may come
// from elsewhere: of a file, or of the pool of huge pages.
bool gets_marker(const Region& region, WpMode mode) {
  return mode != WpMode::waits || region.file != 0 || region.hugetlb;
}

// Modes are of descriptors, and a region is registered with one.
bool registered_otherwise(const Region& region, WpMode mode) {
  return region.registered() && (region.async != (mode == WpMode::async) ||
                                 region.unpopulated != (mode == WpMode::unpopulated));
}

bool can_protect(const Rules& rules, const Region& region, WpMode mode) {
  if (!region.mapped || registered_otherwise(region, mode)) return false;
  if (mode != WpMode::waits && rules.uffd_async == Flag::no) return false;
  const bool anonymous = region.file == 0 && !region.hugetlb;
  return anonymous || rules.uffd_wp == UffdWp::markers;
}

// Asks and protects in two steps: a lockless pin may come in between.
void clear_unless_pinned(World& world, Process& process, ProcessId id, PageNo page) {
  const PageRange all(0, world.setup.page_count());
  lock_table(process);
  const bool passes = look("clear_refs: asks for pins", [&] {
    const EntryRef spot = world.find(id, page);
    if (!spot.entry.is(EntryKind::page)) return false;
    // Read first: compilers order arguments as they like, and a replay token hashes the order.
    const bool ever_pinned = process.has_pinned.read();
    const Decision decision =
        clear_refs_passes_by(world.rules, world.counts(spot), spot.entry.writable, ever_pinned);
    decided(decision.why);
    return decision.yes;
  });
  if (!passes) step("clear_refs: write-protects", [&] { clear_one(world, id, page, all); });
  unlock_table(process);
}

}  // namespace

Answer protect(World& world, Task task, PageRange pages, Protection protection) {
  Process& process = world.process(task.process);
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    alone_in_map("protect", process, [&] {
      Region region = process.pages[page].region.read();
      if (!region.mapped) {
        answer = Answer::failed;
        return;
      }
      region.protection = protection;
      process.pages[page].region.write(region);
      const EntryRef spot = spot_within(world, task.process, page, pages);
      Entry entry = spot.entry;
      if (protection != Protection::write) entry.writable = false;
      upgrade(world, spot, entry, region);
      if (entry != spot.entry) world.change(spot, entry);
    });
  }
  return answer;
}

Answer write_protect(World& world, Task task, PageRange pages, WpMode mode) {
  Process& process = world.process(task.process);
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    in_map("uffd: write-protects", process, [&] {
      Region region = process.pages[page].region.read();
      if (!can_protect(world.rules, region, mode)) {
        answer = Answer::failed;
        return;
      }
      region.wp = true;
      region.async = mode == WpMode::async;
      region.unpopulated = mode == WpMode::unpopulated;
      process.pages[page].region.write(region);
      const EntryRef spot = spot_within(world, task.process, page, pages);
      if (spot.entry.is(EntryKind::none) && !gets_marker(region, mode)) return;
      Entry entry = spot.entry;
      entry.wp = true;
      entry.writable = false;
      world.change(spot, entry);
    });
  }
  return answer;
}

Answer write_unprotect(World& world, Task task, PageRange pages) {
  Process& process = world.process(task.process);
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    in_map("uffd: lets write", process, [&] {
      const Region region = process.pages[page].region.read();
      if (!region.wp) {
        answer = Answer::failed;
        return;
      }
      const EntryRef spot = spot_within(world, task.process, page, pages);
      if (spot.entry.wp) {
        Entry entry = spot.entry;
        entry.wp = false;
        if (entry.is(EntryKind::page)) upgrade(world, spot, entry, region);
        world.change(spot, entry);
      }
      wake(process, {page});
    });
  }
  return answer;
}

void clear_refs(World& world, Task task) {
  Process& process = world.process(task.process);
  const bool asks = world.rules.softdirty_skips_pinned == Flag::yes;
  lock_map_for_writing(process);
  const PageRange all(0, world.setup.page_count());
  for (PageNo page = 0; page < all.count; ++page) {
    const bool touched = look("clear_refs: the region", [&] {
      const Region region = world.region(task.process, page);
      // It does not walk the tables of hugetlb.
      return region.copy_on_write() && !region.hugetlb &&
             !world.find(task.process, page).entry.is(EntryKind::none);
    });
    if (!touched) continue;
    if (asks) {
      clear_unless_pinned(world, process, task.process, page);
    } else {
      in_table("clear_refs: write-protects", process,
               [&] { clear_one(world, task.process, page, all); });
    }
  }
  unlock_map(process);
}

}  // namespace lab::model
