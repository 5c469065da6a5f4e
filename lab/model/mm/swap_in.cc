#include <optional>

#include "lab/model/mm/fault.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

enum class Source : std::uint8_t {
  cache,   // the swap cache has it; we took a reference
  device,  // we put a page into the swap cache, locked, and are to read it
  direct,  // this fault reads it into a page that no other thread knows
  busy,    // another fault reads it without the swap cache
  gone,    // no swap entry names it any more
};

struct InSwap {
  Source source;
  Folio* folio;
};

bool without_cache(World& world, const Slot& slot) {
  return world.setup.swap == SwapDevice::synchronous && slot.count.read() == 1;
}

InSwap look_up(World& world, Task task, SlotId id) {
  return step("swap-in: looks up the slot", [&]() -> InSwap {
    Slot& slot = world.swap_slot(id);
    if (const std::uint16_t cached = slot.cached.read(); cached != 0) {
      Folio& folio = world.folio(static_cast<FolioId>(cached - 1));
      folio.refs.add(1);
      return {Source::cache, &folio};
    }
    if (slot.count.read() == 0) return {Source::gone, nullptr};
    if (slot.claimed.read()) return {Source::busy, nullptr};
    Folio& fresh = world.make_folio(task, FolioKind::anonymous);
    if (without_cache(world, slot)) {
      if (world.rules.swapin_direct == SwapInDirect::held) slot.claimed.write(true);
      fresh.refs.add(1);
      return {Source::direct, &fresh};
    }
    fresh.refs.add(2);  // ours, and the swap cache's
    fresh.locked.write(true);
    fresh.slot.write(static_cast<std::uint16_t>(id + 1));
    slot.cached.write(static_cast<std::uint16_t>(fresh.id + 1));
    return {Source::device, &fresh};
  });
}

void read_in(World& world, SlotId id, const InSwap& found) {
  step("swap-in: reads the device", [&] {
    Slot& slot = world.swap_slot(id);
    found.folio->pages[0].a.write(slot.a.read());
    found.folio->pages[0].b.write(slot.b.read());
  });
}

void give_up(World& world, Process& process, SlotId id, const InSwap& found) {
  step("swap-in: gives up", [&] {
    if (found.source == Source::direct) {
      if (world.swap_slot(id).claimed.read()) world.swap_slot(id).claimed.write(false);
    } else if (found.folio != nullptr) {
      found.folio->locked.write(false);
    }
    if (found.folio != nullptr) world.put(*found.folio);
    process.map_readers.add(-1);
  });
}

// The last step: the reference that we hold becomes the entry's.
class Mapping {
 public:
  Mapping(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan,
          const InSwap& found)
      : world_(world),
        task_(task),
        page_(page),
        how_(how),
        plan_(plan),
        found_(found),
        folio_(*found.folio) {}

  void map() {
    const bool writing = how_.kind == Fault::write;
    if (writing && frees_before_counting(world_.rules)) drain_own_batch(world_, task_, folio_);
    // By maps, the entry that is to go still counts. By references, slot and swap cache go first.
    const bool by_maps = world_.rules.reuse_in_swapin == ReuseSwapIn::map;
    if (!by_maps) forget_slot();
    const bool own = (writing || world_.marks()) && judged_own();
    if (by_maps) {
      if (own && folio_.slot.read() != 0 && !folio_.writeback.read())
        world_.leave_swap_cache(folio_);
      forget_slot();
    }
    install(own);
  }

 private:
  void forget_slot() {
    Slot& slot = world_.swap_slot(plan_.entry.target);
    slot.count.add(-1);
    if (found_.source == Source::direct) {
      if (slot.claimed.read()) slot.claimed.write(false);
      return;
    }
    const bool ours_and_cache = folio_.refs.read() == 2;
    if (how_.kind == Fault::write && frees_before_counting(world_.rules) && ours_and_cache) {
      try_to_free_swap(world_, folio_);
    }
  }

  bool judged_own() {
    const Decision decision = reuse_swapped(world_.rules, world_.counts(folio_, 0),
                                            plan_.entry.exclusive, found_.source == Source::direct);
    decided(decision.why);
    return decision.yes;
  }

  void install(bool own) {
    const bool writing = how_.kind == Fault::write;
    const bool early = world_.rules.swapin_read_writable == Flag::yes && !plan_.entry.tracked &&
                       !how_.stays_readonly;
    Entry entry;
    entry.kind = EntryKind::page;
    entry.target = folio_.id;
    entry.wp = plan_.entry.wp;
    entry.tracked = plan_.entry.tracked;
    entry.writable =
        own && (writing || early) && !entry.wp && plan_.region.protection == Protection::write;
    entry.dirty = own && writing;
    if (own) world_.mark(entry, true);
    world_.map(task_.process, page_, entry, /*referenced=*/false);
  }

  World& world_;
  Task task_;
  PageNo page_;
  FaultFlags how_;
  const FaultPlan& plan_;
  const InSwap& found_;
  Folio& folio_;
};

}  // namespace

void swap_in(World& world, Task task, PageNo page, FaultFlags how, const FaultPlan& plan) {
  Process& process = world.process(task.process);
  const SlotId id = plan.entry.target;
  const InSwap found = look_up(world, task, id);
  if (found.source == Source::gone) return give_up(world, process, id, found);
  if (found.source == Source::busy) {
    await(
        "swap-in: waits for another reader", [&] { return !world.swap_slot(id).claimed.read(); },
        [&] { process.map_readers.add(-1); });
    return;
  }
  if (found.source != Source::cache) read_in(world, id, found);
  if (found.source == Source::cache) lock_folio(*found.folio);
  const bool mapped = in_table("swap-in: maps", process, [&] {
    const bool cached = found.source == Source::direct || found.folio->slot.read() == id + 1;
    const bool same =
        process.pages[page].entry.read() == plan.entry || !performs("swapin.look_again");
    if (!cached || !same) return false;
    Mapping(world, task, page, how, plan, found).map();
    if (found.source != Source::direct) found.folio->locked.write(false);
    process.map_readers.add(-1);
    return true;
  });
  if (!mapped) give_up(world, process, id, found);
}

}  // namespace lab::model
