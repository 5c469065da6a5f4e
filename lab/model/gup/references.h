// References to pages: how they are counted, and the two ways to take them.
#pragma once

#include "lab/model/world/world.h"

namespace lab::model {

/// Counts a reference: a pin in references or apart, as the rule-set counts. Belongs into a step.
void grab(World& world, Folio& folio, bool pin);
/// Takes one back.
void let_go(World& world, Folio& folio, bool pin);

/// With the locks. `forced`: FOLL_FORCE.
Answer take_slowly(World& world, Task task, PageNo page, GupFlags how, ReferenceId as);

enum class Fast : std::uint8_t { taken, undone };
/// Without. undone: nothing was taken, ask again slowly.
Fast take_fast(World& world, Task task, PageNo page, GupFlags how, ReferenceId as);

/// The whole of it.
Answer take(World& world, Task task, PageNo page, GupFlags how, ReferenceId as);
std::optional<Value> peek(World& world, ReferenceId reference, Half half);
void poke(World& world, ReferenceId reference, Value value, Half half);
void drop(World& world, ReferenceId reference);

/// What a name stands for from now on. Belongs into the step that takes.
Reference reference_to(Task task, PageNo page, const Entry& entry, GupFlags how);
/// Whether a pin may be put on such a page, by what the rule-set claims of pins.
void claim_pin(World& world, const Counts& page, bool writable);
/// A pin is about to be tried: forks must know that this process pins.
void note_pinning(World& world, Task task);

}  // namespace lab::model
