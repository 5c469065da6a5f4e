#include <algorithm>

#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/mm/rmap.h"

namespace lab::model {
namespace {

// References first: a device says that the page is dirty, and then lets go of it. Who finds it gone
// must find the page dirty.
Decision unless_lazily_freed_page_is_used(World& world, Folio& folio, const Entry& entry) {
  const Counts counts = counts_without_visitor(world, folio, entry.index);
  const bool dirty = entry.dirty || folio.dirty.read();
  return lazyfree_drops(world.rules, counts, dirty);
}

// After such a page could not be dropped: whether it stays one.
bool stays_freed(World& world, Folio& folio) {
  if (world.rules.lazyfree != LazyFree::kept || folio.dirty.read()) return false;
  for (ProcessId id = 0; id < world.processes.size(); ++id)
    for (PageNo page = 0; page < world.setup.page_count(); ++page) {
      const Entry entry = world.process(id).pages[page].entry.read();
      if (entry.is(EntryKind::page) && entry.target == folio.id && entry.dirty) return false;
    }
  return true;
}

bool passes_by(World& world, Folio& folio) {
  return look("reclaim: asks for pins", [&] {
    const bool on_no_list = folio.kind == FolioKind::hugetlb;
    if (on_no_list || folio.ksm.read() || !folio.anonymous() || folio.writeback.read()) return true;
    const Decision decision =
        reclaim_passes_by(world.rules, counts_without_visitor(world, folio, 0));
    decided(decision.why);
    return decision.yes;
  });
}

bool enter_swap_cache(World& world, Folio& folio) {
  return step("reclaim: enters the swap cache", [&] {
    if (folio.slot.read() != 0) return true;
    const auto found =
        std::find_if(world.notes.begin(), world.notes.end(),
                     [](const PageNotes& candidate) { return !candidate.slot.in_use(); });
    if (found == world.notes.end()) return false;
    folio.slot.write(static_cast<std::uint16_t>(found - world.notes.begin() + 1));
    found->slot.cached.write(static_cast<std::uint16_t>(folio.id + 1));
    folio.refs.add(1);
    folio.dirty.write(true);
    return true;
  });
}

bool asks_after_unmapping(const World& world) {
  return world.rules.reclaim_pinned == Reclaim::share ||
         world.rules.reclaim_pinned == Reclaim::again;
}

Decision always(World&, Folio&, const Entry&) { return {true, "reclaim: does not ask again"}; }

// A swap entry instead of each entry; it remembers what the rule-set lets it remember.
Answer unmap_to_swap(World& world, Folio& folio) {
  const bool remembers = world.rules.swap_marker == Flag::yes;
  return take_all_away(world, folio, share_fence(world),
                       asks_after_unmapping(world) ? unless_pinned : always,
                       [&](const Entry& entry, bool exclusive) {
                         Entry swapped;
                         swapped.kind = EntryKind::swap;
                         swapped.target = static_cast<SlotId>(folio.slot.read() - 1);
                         swapped.wp = entry.wp;
                         swapped.tracked = entry.tracked;
                         swapped.exclusive = exclusive && remembers;
                         world.swap_slot(swapped.target).count.add(1);
                         return swapped;
                       });
}

void write_out(World& world, Folio& folio) {
  step("reclaim: writes the page out", [&] {
    Slot& slot = world.swap_slot(folio.slot.read() - 1u);
    slot.a.write(folio.pages[0].a.read());
    slot.b.write(folio.pages[0].b.read());
    folio.dirty.write(false);
  });
}

// Only if the swap cache and this thread alone have it; else it stays in the swap cache.
void free_if_unused(World& world, Folio& folio) {
  step("reclaim: frees the page", [&] {
    folio.locked.write(false);
    const bool pinned = world.rules.pin_count == PinCount::exact && folio.pins.read() != 0;
    if (folio.refs.read() == 2 && !pinned && !folio.dirty.read()) {
      world.swap_slot(folio.slot.read() - 1u).cached.write(0);
      folio.slot.write(0);
      world.put(folio);
    }
    world.end_visit(folio);
  });
}

bool pinned_after_all(World& world, Folio& folio) {
  if (world.rules.reclaim_pinned != Reclaim::again) return false;
  return look("reclaim: asks for pins again",
              [&] { return maybe_pinned(world.rules, counts_without_visitor(world, folio, 0)); });
}

enum class Drop : std::uint8_t { done, stays_freed, in_use };

Drop drop_lazily(World& world, Folio& folio) {
  const char* barrier = world.rules.lazyfree != LazyFree::dirty ? "lazyfree.clear" : nullptr;
  const Answer answer = take_all_away(world, folio, barrier, unless_lazily_freed_page_is_used,
                                      [](const Entry&, bool) { return Entry{}; });
  return step("reclaim: drops the page", [&] {
    const bool in_use = answer != Answer::done && !stays_freed(world, folio);
    if (in_use) folio.lazyfree.write(false);
    folio.locked.write(false);
    world.end_visit(folio);
    if (in_use) return Drop::in_use;
    return answer == Answer::done ? Drop::done : Drop::stays_freed;
  });
}

Answer kept(World& world, Folio& folio) {
  step("reclaim: keeps the page", [&] {
    // Where counts are ownership the swap cache must not stay behind as an owner.
    if (world.rules.reuse_small == ReuseSmall::owned) try_to_free_swap(world, folio);
    folio.locked.write(false);
    world.end_visit(folio);
  });
  return Answer::failed;
}

}  // namespace

Answer swap_out(World& world, Task task, PageNo page) {
  if (split_before_small_work(world, task, page) != Answer::done) return Answer::failed;
  Folio* const folio = isolate_small(world, task, page);
  if (folio == nullptr) return Answer::failed;
  if (passes_by(world, *folio)) return kept(world, *folio);
  const bool lazy = look("reclaim: was it freed", [&] { return folio->lazyfree.read(); });
  if (lazy) {
    const Drop drop = drop_lazily(world, *folio);
    // It is like any other now, and is taken when reclaim comes round again.
    if (drop == Drop::in_use) return swap_out(world, task, page);
    return drop == Drop::done ? Answer::done : Answer::failed;
  }
  if (!enter_swap_cache(world, *folio)) return kept(world, *folio);
  if (unmap_to_swap(world, *folio) != Answer::done) return kept(world, *folio);
  if (pinned_after_all(world, *folio)) {
    release(world, *folio);
    return Answer::done;
  }
  write_out(world, *folio);
  free_if_unused(world, *folio);
  return Answer::done;
}

Answer swap_off(World& world, Task task) {
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    Process& process = world.process(id);
    for (PageNo page = 0; page < process.pages.size(); ++page) {
      const FaultPlan plan = in_map("swapoff: looks for entries", process, [&]() -> FaultPlan {
        const Entry entry = process.pages[page].entry.read();
        if (!entry.is(EntryKind::swap)) return {};
        process.map_readers.add(1);
        return {FaultPlan::Next::swap_in, entry, world.region(id, page)};
      });
      FaultFlags how;
      how.stays_readonly = true;
      if (plan.next == FaultPlan::Next::swap_in) swap_in(world, {id, task.cpu}, page, how, plan);
    }
  }
  step("swapoff: empties the swap cache", [&] {
    for (PageNotes& notes : world.notes) {
      Slot& slot = notes.slot;
      const std::uint16_t cached = slot.cached.read();
      if (cached == 0 || slot.count.read() != 0) continue;
      Folio& folio = world.folio(static_cast<FolioId>(cached - 1));
      if (!folio.locked.read() && !folio.writeback.read()) world.leave_swap_cache(folio);
    }
  });
  return Answer::done;
}

void begin_writeback(World& world, Task task, PageNo page) {
  step("writeback: begins", [&] {
    const Entry entry = world.find(task.process, page).entry;
    FolioId id = 0;
    if (entry.is(EntryKind::page)) {
      id = entry.target;
    } else if (entry.is(EntryKind::swap) && world.swap_slot(entry.target).cached.read() != 0) {
      id = static_cast<FolioId>(world.swap_slot(entry.target).cached.read() - 1);
    } else {
      return;
    }
    world.folio(id).writeback.write(true);
    world.notes[page].writing.write(static_cast<std::uint16_t>(id + 1));
  });
}

void end_writeback(World& world, PageNo page) {
  step("writeback: ends", [&] {
    const std::uint16_t id = world.notes[page].writing.read();
    if (id == 0) return;
    world.notes[page].writing.write(0);
    world.folio(static_cast<FolioId>(id - 1)).writeback.write(false);
  });
}

}  // namespace lab::model
