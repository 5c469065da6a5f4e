// What a handler does: it registers memory, hears of faults, and supplies what is missing.
#include "lab/model/mm/userfault.h"

#include "lab/model/mm/operations.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

constexpr Cpus bit(Task task) { return Cpus{1} << task.cpu; }

bool can_register(const Rules& rules, const Region& region, Userfaults which) {
  if (!region.mapped) return false;
  if (which == Userfaults::missing) return true;
  return rules.uffd_continue != UffdContinue::missing && (region.file != 0 || region.hugetlb);
}

enum class Supply : std::uint8_t { bytes, zeroes, cached };

struct Supplied {
  Supply what;
  Value value = 0;        // of bytes
  bool protects = false;  // it is write-protected
};

// Which regions take it, whatever lies there.
bool may_supply(const Rules& rules, const Region& region, const Supplied& with) {
  if (!region.registered() || (with.protects && !region.wp)) return false;
  switch (with.what) {
    case Supply::bytes:
      return !region.shared;  // its file has the page already
    case Supply::zeroes:
      return !region.shared && !region.hugetlb;
    case Supply::cached:
      break;
  }
  const bool can = rules.uffd_continue == UffdContinue::protects ||
                   (rules.uffd_continue == UffdContinue::plain && !with.protects);
  return can && region.file != 0;
}

Entry entry_for(World& world, Task task, const Region& region, const Supplied& with) {
  Entry entry;
  entry.wp = with.protects;
  if (with.what == Supply::zeroes) {
    entry.kind = EntryKind::zero;
    return entry;
  }
  entry.kind = EntryKind::page;
  entry.dirty = true;
  entry.writable = region.protection == Protection::write && !with.protects;
  if (with.what == Supply::cached) {
    entry.target = world.files[region.file - 1u];
    entry.writable = entry.writable && region.shared;
    return entry;
  }
  Folio& fresh = world.make_folio(task, region.hugetlb ? FolioKind::hugetlb : FolioKind::anonymous);
  fresh.pages[0].a.write(with.value);
  fresh.pages[0].b.write(with.value);
  entry.target = fresh.id;
  world.mark(entry, true);
  return entry;
}

// One page, under the page table lock; the mmap lock is held for reading.
Answer supply(const char* label, World& world, Task task, PageNo page, const Supplied& with) {
  Process& process = world.process(task.process);
  return in_fault(label, world, task, page, [&] {
    const Region region = process.pages[page].region.read();
    if (!may_supply(world.rules, region, with)) return Answer::failed;
    const Entry there = world.find(task.process, page).entry;
    // A marker gives way to a page, and not to the zero page.
    const bool empty = with.what == Supply::zeroes ? there == Entry{} : there.is(EntryKind::none);
    if (!empty) return Answer::failed;
    if (region.hugetlb) {
      if (world.free_hugetlb.read() == 0) return Answer::failed;
      world.free_hugetlb.add(-1);
    }
    const Entry entry = entry_for(world, task, region, with);
    if (entry.is(EntryKind::page))
      world.map(task.process, page, entry);
    else
      process.pages[page].entry.write(entry);
    wake(process, {page});
    return Answer::done;
  });
}

Answer supply_all(const char* label, World& world, Task task, PageRange pages,
                  const Supplied& with) {
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page)
    if (supply(label, world, task, page, with) != Answer::done) return Answer::failed;
  return Answer::done;
}

}  // namespace

void ask_handler(World& world, Task task, PageNo page) {
  TableEntry& of = world.process(task.process).pages[page];
  of.asleep.write(of.asleep.read() | bit(task));
  of.untold.write(of.untold.read() | bit(task));
}

void await_handler(World& world, Task task, PageNo page) {
  Process& process = world.process(task.process);
  TableEntry& of = process.pages[page];
  await(
      "userfault: waits",
      [&] { return (of.asleep.read() & bit(task)) == 0 || process.exited.read(); }, [] {});
}

void wake(Process& process, PageRange pages) {
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    TableEntry& of = process.pages[page];
    if (of.asleep.read() == 0) continue;
    of.asleep.write(0);
    of.untold.write(0);
  }
}

Answer register_faults(World& world, Task task, PageRange pages, Userfaults which) {
  Process& process = world.process(task.process);
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    alone_in_map("uffd: registers", process, [&] {
      Region region = process.pages[page].region.read();
      if (!can_register(world.rules, region, which)) {
        answer = Answer::failed;
        return;
      }
      (void)spot_within(world, task.process, page, pages);  // the region ends where pages do
      if (which == Userfaults::missing)
        region.missing = true;
      else
        region.minor = true;
      process.pages[page].region.write(region);
    });
  }
  return answer;
}

// Each fault is told once.
void serve(World& world, Task task, PageNo page) {
  Shared<Cpus>& untold = world.process(task.process).pages[page].untold;
  await(
      "uffd: waits for a fault", [&] { return untold.read() != 0; },
      [&] { untold.write(untold.read() & (untold.read() - 1)); });
}

Answer uffd_copy(World& world, Task task, PageRange pages, Value value, bool protects) {
  return supply_all("uffd: copies a page", world, task, pages, {Supply::bytes, value, protects});
}

Answer uffd_zeropage(World& world, Task task, PageRange pages) {
  return supply_all("uffd: maps the zero page", world, task, pages, {Supply::zeroes});
}

Answer uffd_continue(World& world, Task task, PageRange pages, bool protects) {
  return supply_all("uffd: maps the file's page", world, task, pages,
                    {Supply::cached, 0, protects});
}

}  // namespace lab::model
