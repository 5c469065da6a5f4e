#include "lab/model/gup/references.h"

#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

std::int32_t bias(const World& world) { return static_cast<std::int32_t>(world.rules.bias); }

void claim_in_order(World& world, Folio& folio, const Reference& reference) {
  // A page mapped by a huge entry has its mark on the folio's first page.
  Counts page = world.counts(folio, reference.index);
  if (world.rules.pin_count == PinCount::exact) {
    page.refs -= static_cast<std::uint32_t>(folio.visitors.read());
  }
  if (const Decision decision = unpin_finds_in_order(world.rules, page); decision) return;
  if (!folio.large()) broken(unpin_finds_in_order(world.rules, page).why);
  const Counts head = world.counts(folio, 0);
  if (const Decision decision = unpin_finds_in_order(world.rules, head); !decision)
    broken(decision.why);
}

}  // namespace

void grab(World& world, Folio& folio, bool pin) {
  if (!pin) return folio.refs.add(1);
  if (world.rules.pin_count == PinCount::exact) return folio.pins.add(1);
  if (folio.large()) {
    folio.refs.add(1);
    return folio.pins.add(1);
  }
  folio.refs.add(bias(world));
}

void let_go(World& world, Folio& folio, bool pin) {
  if (!pin) return world.put(folio);
  if (world.rules.pin_count == PinCount::exact) return folio.pins.add(-1);
  if (folio.large()) {
    folio.pins.add(-1);
    return world.put(folio);
  }
  world.put(folio, bias(world));
}

Reference reference_to(Task task, PageNo page, const Entry& entry, GupFlags how) {
  Reference reference;
  reference.folio = entry.target;
  reference.index = entry.index;
  reference.state = entry.is(EntryKind::zero) ? ReferenceState::zero : ReferenceState::page;
  reference.process = static_cast<std::uint8_t>(task.process);
  reference.page = static_cast<std::uint8_t>(page);
  reference.pin = how.pin;
  reference.write = how.write;
  return reference;
}

void claim_pin(World& world, const Counts& page, bool writable) {
  if (world.rules.unpin_check == Flag::no || !page.anonymous) return;
  if (world.marks() && !page.exclusive)
    broken("I2: a page that is not marked exclusive was pinned");
  // A writable entry is of an owned page, and so is what is pinned; a visitor changes neither.
  const bool owned = writable || page.pins > 0 || page.refs == 1;
  if (world.rules.pin_count == PinCount::exact && !owned)
    broken("own: a page that is not owned was pinned");
}

void note_pinning(World& world, Task task) {
  if (world.rules.fork_pinned == ForkPinned::none || world.rules.fork_pinned == ForkPinned::pinned)
    return;
  step("gup: the process pins", [&] {
    Shared<bool>& noted = world.process(task.process).has_pinned;
    if (!noted.read()) noted.write(true);
  });
}

Answer take(World& world, Task task, PageNo page, GupFlags how, ReferenceId as) {
  // A hold is for looking; who wants to write through a reference must pin.
  if (world.rules.get == Get::hold && how.write) how.pin = true;
  if (how.pin) note_pinning(world, task);
  if (how.fast || how.fast_only) {
    if (take_fast(world, task, page, how, as) == Fast::taken) return Answer::done;
    if (how.fast_only) return Answer::failed;
  }
  return take_slowly(world, task, page, how, as);
}

std::optional<Value> peek(World& world, ReferenceId reference, Half half) {
  return step("device reads", [&]() -> std::optional<Value> {
    const Reference held = world.references[reference].held.read();
    if (held.state == ReferenceState::free) return std::nullopt;
    if (held.state == ReferenceState::zero) return 0;
    return world.folio(held.folio).pages[held.index].half(half).read();
  });
}

void poke(World& world, ReferenceId reference, Value value, Half half) {
  step("device writes", [&] {
    const Reference held = world.references[reference].held.read();
    if (held.state != ReferenceState::page) return;
    world.folio(held.folio).pages[held.index].half(half).write(value);
  });
}

void drop(World& world, ReferenceId reference) {
  step("reference: drops", [&] {
    const Reference held = world.references[reference].held.read();
    if (held.state == ReferenceState::free) return;
    world.references[reference].held.write({});
    if (held.state == ReferenceState::zero) return;
    Folio& folio = world.folio(held.folio);
    if (held.write) folio.dirty.write(true);
    if (held.pin) claim_in_order(world, folio, held);
    let_go(world, folio, held.pin);
  });
}

}  // namespace lab::model
