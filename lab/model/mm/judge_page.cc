#include "lab/model/mm/fault.h"

namespace lab::model {
namespace {

PageVerdict verdict(const Decision& decision) {
  decided(decision.why);
  return decision ? PageVerdict::reuse : PageVerdict::copy;
}

// Reusing by map counts takes the page out of the swap cache; others have freed it before they
// counted. A merged page that is reused is an ordinary one from then on.
void take_over(World& world, Folio& folio) {
  if (world.rules.reuse_small == ReuseSmall::map && folio.slot.read() != 0 &&
      !folio.writeback.read()) {
    world.leave_swap_cache(folio);
  }
  if (folio.ksm.read()) folio.ksm.write(false);
}

PageVerdict judge_small(World& world, Task task, const EntryRef& spot) {
  const Rules& rules = world.rules;
  Folio& folio = world.folio(spot.entry);
  const FirstLook first = reuse_at_once(rules, world.counts(spot));
  if (first.answer != AtOnce::ask) decided(first.why);
  if (first.answer == AtOnce::reuse) {
    take_over(world, folio);
    return PageVerdict::reuse;
  }
  if (first.answer == AtOnce::copy) return PageVerdict::copy;

  if (frees_before_counting(rules)) {
    drain_own_batch(world, task, folio);
    const Counts now = world.counts(spot);
    if (now.refs > 1u + (now.swap_cache ? 1u : 0u)) {
      decided("reuse: refs is above 1 and the swap cache");
      return PageVerdict::copy;
    }
  }
  if (folio.locked.read()) {
    const bool waits = rules.page_lock_in_wp == PageLock::blocking;
    decided(waits ? "page lock: taken, waits" : "page lock: taken, copies");
    return waits ? PageVerdict::wait : PageVerdict::copy;
  }
  if (frees_before_counting(rules)) try_to_free_swap(world, folio);
  const PageVerdict result = verdict(reuse_small(rules, world.counts(spot)));
  if (result == PageVerdict::reuse) take_over(world, folio);
  return result;
}

}  // namespace

PageVerdict judge_page(World& world, Task task, const EntryRef& spot) {
  Folio& folio = world.folio(spot.entry);
  if (spot.huge) return verdict(reuse_pmd(world.rules, world.counts(spot)));
  if (folio.kind == FolioKind::hugetlb)
    return verdict(reuse_hugetlb(world.rules, world.counts(spot)));
  if (folio.large()) return verdict(reuse_pte_of_large(world.rules, world.counts(spot)));
  return judge_small(world, task, spot);
}

void drain_own_batch(World& world, Task task, Folio& folio) {
  Shared<std::uint16_t>& batch = world.batches[task.cpu].folio;
  if (batch.read() != folio.id + 1) return;
  batch.write(0);
  world.put(folio);
}

void try_to_free_swap(World& world, Folio& folio) {
  const std::uint16_t slot = folio.slot.read();
  if (slot == 0 || world.swap_slot(slot - 1u).count.read() != 0 || folio.writeback.read()) return;
  world.leave_swap_cache(folio);
}

}  // namespace lab::model
