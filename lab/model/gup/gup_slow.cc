#include "lab/model/gup/references.h"
#include "lab/model/mm/fault.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

// Rounds without an end mean that the rule-set asks for what its faults do not give.
constexpr int kMostFaults = 12;

enum class Want : std::uint8_t { nothing, read, write, unshare, refused };

class Lookup {
 public:
  Lookup(World& world, Task task, PageNo page, GupFlags how, ReferenceId as, bool after_copy)
      : world_(world), task_(task), page_(page), how_(how), as_(as), after_copy_(after_copy) {}

  // One step. nothing: taken.
  Want look() {
    region_ = world_.region(task_.process, page_);
    if (!region_.mapped || region_.protection == Protection::none) return Want::refused;
    if (how_.write && region_.protection != Protection::write) return Want::refused;
    const EntryRef spot = world_.find(task_.process, page_);
    switch (spot.entry.kind) {
      case EntryKind::none:
      case EntryKind::swap:
      case EntryKind::migrating:
        return breaks_sharing() ? Want::write : Want::read;
      case EntryKind::zero:
        return zero(spot);
      case EntryKind::page:
        return page(spot);
    }
    return Want::refused;
  }

 private:
  bool breaks_sharing() const {
    return how_.write || (world_.rules.gup_ro == GupRead::write && region_.copy_on_write());
  }

  Want zero(const EntryRef& spot) {
    if (how_.write) return Want::write;
    const GupDecision decision = gup_read_zero(world_.rules, how_.pin, how_.long_term);
    return act(spot, decision);
  }

  Want page(const EntryRef& spot) {
    if (spot.entry.writable) return take(spot);
    if (how_.write) return Want::write;
    const GupDecision decision = gup_read(world_.rules, world_.counts(spot), how_.pin,
                                          how_.long_term, region_.copy_on_write());
    // A region that forbids writing has no writable entries; what a fault has copied for us will
    // do.
    if (decision.step == GupStep::write && after_copy_ && spot.entry.dirty) return take(spot);
    return act(spot, decision);
  }

  Want act(const EntryRef& spot, const GupDecision& decision) {
    decided(decision.why);
    switch (decision.step) {
      case GupStep::take:
        return take(spot);
      case GupStep::unshare:
        return Want::unshare;
      case GupStep::write:
        return Want::write;
      case GupStep::refuse:
        break;
    }
    return Want::refused;
  }

  Want take(const EntryRef& spot) {
    Reference reference = reference_to(task_, page_, spot.entry, how_);
    if (reference.state == ReferenceState::page) {
      Folio& folio = world_.folio(spot.entry);
      if (how_.pin) claim_pin(world_, world_.counts(spot), spot.entry.writable);
      if (world_.rules.get == Get::hold && !how_.pin) {
        reference = hold(spot, reference);
      } else {
        grab(world_, folio, how_.pin);
      }
    }
    world_.references[as_].held.write(reference);
    return Want::nothing;
  }

  // A hold shows the page as it is now: its owner's next write must fault, and what devices write
  // must not show.
  Reference hold(const EntryRef& spot, Reference reference) {
    Folio& folio = world_.folio(spot.entry);
    if (folio.pins.read() == 0) {
      folio.refs.add(1);
      if (spot.entry.writable && region_.copy_on_write()) {
        Entry entry = spot.entry;
        entry.writable = false;
        world_.change(spot, entry);
      }
      return reference;
    }
    decided("hold: pinned, copies");
    Folio& copy = world_.make_folio(task_, FolioKind::anonymous);
    copy.pages[0].a.write(folio.pages[reference.index].a.read());
    copy.pages[0].b.write(folio.pages[reference.index].b.read());
    copy.refs.add(1);
    world_.notes[page_].copies.add(1);
    reference.folio = copy.id;
    reference.index = 0;
    return reference;
  }

  World& world_;
  Task task_;
  PageNo page_;
  GupFlags how_;
  ReferenceId as_;
  bool after_copy_;
  Region region_;
};

FaultFlags fault_for(Want want, GupFlags how) {
  FaultFlags fault;
  fault.holds_map = true;
  if (want == Want::unshare) fault.kind = Fault::unshare;
  if (want == Want::write) {
    fault.kind = Fault::write;
    fault.forced = !how.write;  // a read reference may break sharing in a read-only region
  }
  return fault;
}

}  // namespace

// From the first look that is in vain on, the mmap lock is held for reading: no fork comes between
// a fault and the next look.
Answer take_slowly(World& world, Task task, PageNo page, GupFlags how, ReferenceId as) {
  Process& process = world.process(task.process);
  bool holds_map = false;
  bool after_copy = false;
  for (int round = 0; round < kMostFaults; ++round) {
    const Want want = in_map("gup: looks up", process, [&] {
      const Want found = Lookup(world, task, page, how, as, after_copy).look();
      const bool goes_on = found != Want::nothing && found != Want::refused;
      if (goes_on != holds_map) process.map_readers.add(goes_on ? 1 : -1);
      holds_map = goes_on;
      return found;
    });
    if (want == Want::nothing) return Answer::done;
    if (want == Want::refused) return Answer::failed;
    const FaultResult faulted = fault(world, task, page, fault_for(want, how));
    if (faulted.answer != Answer::done) break;
    after_copy = after_copy || faulted.write_done;
  }
  unlock_map_for_reading(process);
  return Answer::failed;
}

}  // namespace lab::model
