#include "lab/model/mm/operations.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

class Fork {
 public:
  Fork(World& world, Task task, ProcessId child, bool event)
      : world_(world),
        task_(task),
        event_(event),
        child_id_(child),
        parent_(world.process(task.process)),
        child_(world.process(child)) {}

  Answer run() {
    lock_map_for_writing(parent_);
    bool complete = true;
    for (PageNo page = 0; page < parent_.pages.size() && complete; ++page) {
      const Copying what = copy_region(page);
      if (what == Copying::nothing) continue;
      complete = copy_of_region(page, what == Copying::copy_on_write);
    }
    if (!complete) give_up();
    unlock_map(parent_);
    return complete ? Answer::done : Answer::failed;
  }

 private:
  enum class Copying : std::uint8_t { nothing, shared, copy_on_write };

  Copying copy_region(PageNo page) {
    return in_table("fork: a region", parent_, [&] {
      const Region region = parent_.pages[page].region.read();
      if (!region.mapped || region.dontfork) {
        split_at_border(page);
        return Copying::nothing;
      }
      Region childs = region;
      if (!event_) childs.unregister();
      child_.pages[page].region.write(childs);
      if (region.wipeonfork) {
        split_at_border(page);
        return Copying::nothing;
      }
      const EntryRef spot = world_.find(task_.process, page);
      // A huge entry is copied with its first page, and may have been split since.
      const bool copied = copied_ != nullptr && copied_->has(page);
      if (copied || spot.entry == Entry{} || (spot.huge && spot.base != page))
        return Copying::nothing;
      return region.copy_on_write() ? Copying::copy_on_write : Copying::shared;
    });
  }

  // Huge entries do not reach across the borders of regions.
  void split_at_border(PageNo page) {
    const EntryRef spot = world_.find(task_.process, page);
    if (spot.huge && has_border(*world_.run_of(page)))
      world_.split_pmd(task_.process, *world_.run_of(page));
  }

  bool has_border(const HugeRun& run) {
    const Region first = parent_.pages[run.first].region.read();
    for (PageNo page = run.first + 1; page < run.first + run.count; ++page) {
      const Region other = parent_.pages[page].region.read();
      if (other.mapped != first.mapped || other.dontfork != first.dontfork ||
          other.wipeonfork != first.wipeonfork)
        return true;
    }
    return false;
  }

  bool copy_of_region(PageNo page, bool copy_on_write) {
    lock_table(parent_);
    const bool keeps_off = copy_on_write && world_.rules.fork_seq != ForkSeq::none;
    if (keeps_off) begin_sequence();
    bool complete = true;
    if (!copy_on_write || !copy_huge_entry(page)) complete = copy_entry(page, copy_on_write);
    if (keeps_off) end_sequence();
    unlock_table(parent_);
    return complete;
  }

  // A plain store, as a sequence count's is. In the kernel the page table lock, taken after it, is
  // the barrier before the pins are asked for; here the lock has been taken, so that the barrier
  // has a name to leave it out by.
  void begin_sequence() {
    const auto sequence = look("fork: the sequence", [&] { return parent_.sequence.read(); });
    put("fork: makes the sequence odd", parent_.sequence, sequence + 1);
    fence("fork.seq");
    if (world_.rules.fork_seq == ForkSeq::sections && performs("fork.wait")) wait_for_sections();
  }

  // Who enters a section from now on sees the odd sequence. Mostly none is open.
  void wait_for_sections() {
    if (look("fork: looks for sections", [&] { return parent_.sections.read() == 0; })) return;
    await(
        "fork: waits for sections", [&] { return parent_.sections.read() == 0; }, [] {});
  }

  void end_sequence() {
    step("fork: makes the sequence even",
         [&] { parent_.sequence.write(parent_.sequence.read() + 1); });
  }

  Decision copies(const EntryRef& spot) {
    return look("fork: asks for pins", [&] {
      const bool hugetlb = world_.folio(spot.entry).kind == FolioKind::hugetlb;
      const bool has_pinned = parent_.has_pinned.read();  // first: else nothing is counted
      const Decision decision = (hugetlb ? fork_copies_hugetlb : fork_copies)(
          world_.rules, world_.counts(spot), has_pinned);
      decided(decision.why);
      return decision;
    });
  }

  EntryRef parents(PageNo page) {
    return look("fork: the entry", [&] { return world_.find(task_.process, page); });
  }

  // True: the huge entry is shared. False: there is none, or none any more.
  bool copy_huge_entry(PageNo page) {
    const HugeRun* const run = world_.run_of(page);
    if (run == nullptr) return false;
    const EntryRef spot = parents(page);
    if (!spot.huge) return false;
    const bool splits = copies(spot).yes || !copied_whole(*run);
    return step(splits ? "fork: splits the huge entry" : "fork: shares the huge entry", [&] {
      if (splits) {
        world_.split_pmd(task_.process, *run);
      } else {
        share_huge(*run);
        copied_ = run;
      }
      return !splits;
    });
  }

  bool copied_whole(const HugeRun& run) {
    return look("fork: the regions of the huge entry", [&] {
      for (PageNo page = run.first; page < run.first + run.count; ++page) {
        const Region region = parent_.pages[page].region.read();
        if (!region.mapped || region.dontfork || region.wipeonfork) return false;
      }
      return true;
    });
  }

  void share_huge(const HugeRun& run) {
    const EntryRef spot = world_.find(task_.process, run.first);
    Folio& folio = world_.folio(spot.entry);
    Entry entry = spot.entry;
    entry.writable = false;
    world_.mark(entry, false);
    world_.find_huge(child_id_, run.first).write(as_inherited(entry));
    folio.whole.add(world_.home(child_id_, run.first));
    folio.owners.write(with_map(folio.owners.read(), static_cast<std::uint8_t>(child_id_ + 1)));
    folio.refs.add(1);
    world_.change(spot, entry);
  }

  bool copy_entry(PageNo page, bool copy_on_write) {
    const EntryRef spot = parents(page);
    if (!spot.entry.is(EntryKind::page)) return copy_absent(page);
    if (copy_on_write && copies(spot)) return copy_page(page, spot);
    step("fork: shares the page", [&] {
      const EntryRef now = world_.find(task_.process, page);
      Entry entry = now.entry;
      if (copy_on_write) {
        entry.writable = false;
        if (world_.folio(entry).anonymous()) world_.mark(entry, false);
        world_.change(now, entry);
      }
      world_.map(child_id_, page, as_inherited(entry));
    });
    return true;
  }

  // A child that userfaultfd does not serve has nobody to ask.
  Entry as_inherited(Entry entry) const {
    entry.wp = entry.wp && event_;
    return entry;
  }

  bool copy_page(PageNo page, const EntryRef& spot) {
    return step("fork: copies the page", [&] {
      Folio& from = world_.folio(spot.entry);
      const bool hugetlb = from.kind == FolioKind::hugetlb;
      if (hugetlb && world_.free_hugetlb.read() == 0) return false;
      if (hugetlb) world_.free_hugetlb.add(-1);
      Folio& copy = world_.make_folio(task_, hugetlb ? FolioKind::hugetlb : FolioKind::anonymous);
      copy.pages[0].a.write(from.pages[spot.entry.index].a.read());
      copy.pages[0].b.write(from.pages[spot.entry.index].b.read());
      Entry entry;
      entry.kind = EntryKind::page;
      entry.target = copy.id;
      entry.dirty = true;
      entry.wp = as_inherited(spot.entry).wp && world_.rules.fork_keeps_wp == Flag::yes;
      entry.writable =
          parent_.pages[page].region.read().protection == Protection::write && !entry.wp;
      world_.mark(entry, true);
      world_.map(child_id_, page, entry);
      world_.notes[page].copies.add(1);
      return true;
    });
  }

  bool copy_absent(PageNo page) {
    step("fork: copies an absent entry", [&] {
      Shared<Entry>& where = parent_.pages[page].entry;
      Entry entry = where.read();
      if (entry.is(EntryKind::swap)) {
        world_.swap_slot(entry.target).count.add(1);
        entry.exclusive = false;
      }
      if (entry.is(EntryKind::migrating)) entry.moving = Moving::readable;
      if (entry != where.read()) where.write(entry);
      child_.pages[page].entry.write(as_inherited(entry));
    });
    return true;
  }

  void give_up() {
    for (PageNo page = 0; page < child_.pages.size(); ++page) {
      in_table("fork: takes back what was copied", child_, [&] {
        world_.zap(child_id_, page);
        child_.pages[page].region.write({});
      });
    }
    step("fork: fails, no huge page for a copy", [&] { child_.exited.write(true); });
  }

  World& world_;
  Task task_;
  bool event_;  // userfaultfd is told, and serves the child
  ProcessId child_id_;
  Process& parent_;
  Process& child_;
  const HugeRun* copied_ = nullptr;  // the latest whose huge entry the child has got
};

}  // namespace

Answer fork(World& world, Task task, ProcessId child, bool event) {
  return Fork(world, task, child, event).run();
}

}  // namespace lab::model
