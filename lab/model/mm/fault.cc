#include "lab/model/mm/fault.h"

#include <bit>

#include "lab/model/mm/userfault.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

using Next = FaultPlan::Next;

bool allowed(const Region& region, FaultFlags how) {
  if (!region.mapped) return false;
  if (how.kind != Fault::write) return region.protection != Protection::none;
  return region.protection == Protection::write || (how.forced && !region.shared);
}

// The first step of a fault, with its locks held.
class Examination {
 public:
  Examination(World& world, Task task, PageNo page, FaultFlags how)
      : world_(world),
        task_(task),
        page_(page),
        how_(how),
        region_(world.region(task.process, page)) {}

  FaultPlan plan() {
    if (!allowed(region_, how_)) return {Next::kill};
    const EntryRef spot = world_.find(task_.process, page_);
    switch (spot.entry.kind) {
      case EntryKind::none:
        return absent(spot.entry);
      case EntryKind::swap:
        return how_.kind == Fault::unshare ? FaultPlan{} : later(Next::swap_in, spot.entry);
      case EntryKind::migrating:
        return {Next::migration, spot.entry, region_};
      case EntryKind::zero:
      case EntryKind::page:
        return present(spot);
    }
    return {};
  }

 private:
  FaultPlan later(Next next, const Entry& entry) {
    world_.process(task_.process).map_readers.add(1);
    if (Shared<bool>* under_way = world_.hugetlb_fault(region_)) under_way->write(true);
    if (next == Next::copy || next == Next::copy_hugetlb) world_.folio(entry).refs.add(1);
    return {next, entry, region_};
  }

  // What comes is write-protected where a marker says so. A file has its page: that is never
  // missing, but may not be mapped without asking.
  FaultPlan absent(const Entry& marker) {
    if (how_.kind == Fault::unshare) return {};
    if (region_.file != 0 ? region_.minor : region_.missing) return ask(marker);
    if (region_.file != 0) {
      map_file(marker.wp);
      return {};
    }
    if (how_.kind == Fault::write || region_.hugetlb) return later(Next::fill, marker);
    Entry zero;
    zero.kind = EntryKind::zero;
    zero.wp = marker.wp;
    world_.process(task_.process).pages[page_].entry.write(zero);
    return {};
  }

  FaultPlan ask(const Entry& entry) {
    if (how_.may_wait) {
      ask_handler(world_, task_, page_);
      if (how_.holds_map) world_.process(task_.process).map_readers.add(-1);
    }
    return {Next::userfault, entry, region_};
  }

  void map_file(bool wp) {
    Entry entry;
    entry.wp = wp;
    entry.kind = EntryKind::page;
    entry.target = world_.files[region_.file - 1u];
    entry.writable = region_.shared && how_.kind == Fault::write && !wp;
    entry.dirty = entry.writable || region_.continued;
    world_.map(task_.process, page_, entry);
  }

  FaultPlan present(const EntryRef& spot) {
    if (how_.kind == Fault::read || spot.entry.writable) return {};
    if (how_.kind == Fault::write && spot.entry.wp && region_.wp) {
      if (region_.async) {
        let_write(spot);
        return {};
      }
      return ask(spot.entry);
    }
    if (region_.shared) {
      make_writable(spot);
      return {};
    }
    if (spot.entry.is(EntryKind::zero)) return later(Next::fill, spot.entry);
    if (!world_.folio(spot.entry).anonymous()) return later(Next::copy, spot.entry);
    return anonymous(spot);
  }

  FaultPlan anonymous(const EntryRef& spot) {
    if (spot.huge && world_.rules.reuse_pmd_thp == ReusePmd::map_torn) {
      return {Next::torn_look, spot.entry, region_};
    }
    switch (judge_page(world_, task_, spot)) {
      case PageVerdict::reuse:
        return reuse(spot);
      case PageVerdict::wait:
        return {Next::page_lock, spot.entry, region_};
      case PageVerdict::copy:
        break;
    }
    if (spot.huge) {
      world_.split_pmd(task_.process, *world_.run_of(page_));
      return {};
    }
    return later(region_.hugetlb ? Next::copy_hugetlb : Next::copy, spot.entry);
  }

  FaultPlan reuse(const EntryRef& spot) {
    Entry owned = spot.entry;
    if (spot.huge) owned.index = 0;
    world_.mark(owned, true);
    if (how_.kind == Fault::unshare) return {};
    make_writable(spot);
    FaultPlan done;
    done.write_done = true;
    return done;
  }

  // Without asking: the entry's own fault comes next. Of a huge page only the part that is written
  // to loses its protection.
  void let_write(const EntryRef& spot) {
    if (spot.huge) {
      world_.split_pmd(task_.process, *world_.run_of(page_));
      return;
    }
    Entry entry = spot.entry;
    entry.wp = false;
    world_.change(spot, entry);
  }

  void make_writable(const EntryRef& spot) {
    Entry entry = spot.entry;
    entry.writable = region_.protection == Protection::write;
    entry.dirty = true;
    entry.tracked = false;
    world_.change(spot, entry);
  }

  World& world_;
  Task task_;
  PageNo page_;
  FaultFlags how_;
  Region region_;
};

// The entry of a page that the faulting process alone has.
Entry own_entry(const Folio& folio, const FaultPlan& plan, FaultFlags how) {
  Entry entry;
  entry.kind = EntryKind::page;
  entry.target = folio.id;
  const bool marked = plan.entry.is(EntryKind::none) && plan.entry.wp;
  entry.wp = marked || (plan.entry.wp && how.kind == Fault::unshare);
  entry.dirty = how.kind == Fault::write;
  entry.writable =
      how.kind == Fault::write && plan.region.protection == Protection::write && !entry.wp;
  return entry;
}

void end_fault(World& world, Process& process, const FaultPlan& plan) {
  process.map_readers.add(-1);
  if (Shared<bool>* under_way = world.hugetlb_fault(plan.region)) under_way->write(false);
}

// The last step of a fault that made a page, unless that has to be given back: installs it where
// the entry still is the one that was seen.
bool install(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan,
             Folio& fresh) {
  Process& process = world.process(task.process);
  return in_table("fault: installs the new page", process, [&] {
    Shared<Entry>& where = process.pages[page].entry;
    const Entry now = where.read();
    const bool same = now == plan.entry || !performs("fault.look_again");
    if (same) {
      if (now.is(EntryKind::page)) world.leave(task.process, page, now);
      const Entry entry = own_entry(fresh, plan, how);
      world.mark(entry, true);
      world.map(task.process, page, entry);
      if (plan.entry.is(EntryKind::page)) world.notes[page].copies.add(1);
    }
    if (plan.entry.is(EntryKind::page)) world.put(world.folio(plan.entry));
    if (same || fresh.kind != FolioKind::hugetlb) end_fault(world, process, plan);
    return same;
  });
}

void fill_bytes(World& world, const FaultPlan& plan, Folio& fresh) {
  if (!plan.entry.is(EntryKind::page)) return;  // zeroes as it is
  step("fault: copies the bytes", [&] {
    Page& from = world.page(plan.entry);
    fresh.pages[0].a.write(from.a.read());
    fresh.pages[0].b.write(from.b.read());
  });
}

bool make_page(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan,
               FolioKind kind) {
  Folio& fresh = world.make_folio(task, kind);
  fill_bytes(world, plan, fresh);
  const bool installed = install(world, task, page, how, plan, fresh);
  if (!installed && kind == FolioKind::hugetlb) {
    step("hugetlb: gives the page back", [&] {
      world.free_hugetlb.add(1);
      end_fault(world, world.process(task.process), plan);
    });
  }
  return installed && how.kind == Fault::write;
}

enum class Reserved : std::uint8_t { yes, no, others_lost_it };

// A page of the pool. The first process made the reservation: when the pool is empty it keeps what
// it has, and the others lose theirs.
Reserved reserve_hugetlb(World& world, Task task, PageNo page, const FaultPlan& plan) {
  Process& process = world.process(task.process);
  return step("hugetlb: asks the pool", [&] {
    if (world.free_hugetlb.read() > 0) {
      world.free_hugetlb.add(-1);
      return Reserved::yes;
    }
    const bool copying = plan.next == Next::copy_hugetlb;
    if (copying) world.put(world.folio(plan.entry));
    end_fault(world, process, plan);
    if (!copying || task.process != 0) return Reserved::no;
    decided("hugetlb: pool is empty, the others lose the page");
    for (ProcessId other = 1; other < world.processes.size(); ++other) {
      const Entry theirs = world.find(other, page).entry;
      if (theirs.is(EntryKind::page) && theirs.target == plan.entry.target) world.zap(other, page);
    }
    return Reserved::others_lost_it;
  });
}

FaultResult fill_or_copy(World& world, Task task, PageNo page, FaultFlags how,
                         const FaultPlan& plan) {
  if (!plan.region.hugetlb) {
    return {Answer::done, make_page(world, task, page, how, plan, FolioKind::anonymous)};
  }
  switch (reserve_hugetlb(world, task, page, plan)) {
    case Reserved::yes:
      return {Answer::done, make_page(world, task, page, how, plan, FolioKind::hugetlb)};
    case Reserved::others_lost_it:
      return {};
    case Reserved::no:
      break;
  }
  return {Answer::killed};
}

// Adds up the map counts of a huge page one by one, as was done before they could be read at once:
// who splits the same page meanwhile raises the small counts before it lowers the large one.
void torn_look(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan) {
  Folio& folio = world.folio(plan.entry);
  Counts sum;
  for (Page& part : folio.pages) {
    const auto maps = look("thp: a page's maps", [&] { return std::popcount(part.homes.read()); });
    sum.most_maps = std::max(sum.most_maps, static_cast<std::uint32_t>(maps));
  }
  const auto whole = look("thp: the huge maps", [&] { return std::popcount(folio.whole.read()); });
  sum.most_maps += static_cast<std::uint32_t>(whole);
  in_map("thp: write fault", world.process(task.process), [&] {
    const EntryRef spot = world.find(task.process, page);
    if (!spot.huge || spot.entry != plan.entry) return;
    const Decision decision = reuse_pmd(world.rules, sum);
    decided(decision.why);
    if (!decision) return world.split_pmd(task.process, *world.run_of(page));
    Entry entry = spot.entry;
    entry.writable = how.kind == Fault::write && plan.region.protection == Protection::write;
    entry.dirty = entry.dirty || how.kind == Fault::write;
    world.change(spot, entry);
  });
}

}  // namespace

FaultResult fault(World& world, Task task, PageNo page, FaultFlags how) {
  Process& process = world.process(task.process);
  const FaultPlan plan = in_fault("fault", world, task, page,
                                  [&] { return Examination(world, task, page, how).plan(); });
  switch (plan.next) {
    case Next::nothing:
      return {Answer::done, plan.write_done};
    case Next::kill:
      return {Answer::killed};
    case Next::userfault:
      if (!how.may_wait) return {Answer::failed};
      await_handler(world, task, page);
      if (how.holds_map) lock_map_for_reading(process);
      return {};
    case Next::migration:
      await(
          "migration: waits",
          [&] { return !world.find(task.process, page).entry.is(EntryKind::migrating); }, [] {});
      return {};
    case Next::page_lock:
      await(
          "page lock: waits", [&] { return !world.folio(plan.entry).locked.read(); }, [] {});
      return {};
    case Next::torn_look:
      torn_look(world, task, page, how, plan);
      return {};
    case Next::swap_in:
      swap_in(world, task, page, how, plan);
      return {};
    case Next::fill:
    case Next::copy:
    case Next::copy_hugetlb:
      return fill_or_copy(world, task, page, how, plan);
  }
  return {};
}

}  // namespace lab::model
