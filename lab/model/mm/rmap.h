// Taking away the entries that map a page, one after the other: what reclaim, migration and KSM
// have in common.
//
// A thread may be pinning the page without a lock, through the very entry that goes. So the entry
// is taken away first and the pins are asked for then: either we see the pin, or the pinner sees
// that the entry changed.
#pragma once

#include <vector>

#include "lab/model/world/locks.h"

namespace lab::model {

/// Whether the page may lose this entry, asked while the entry is away.
using AskWhileAway = Decision (*)(World& world, Folio& folio, const Entry& entry);

/// As AskWhileAway: nothing speaks against it but pins.
Decision unless_pinned(World& world, Folio& folio, const Entry& entry);

/// Takes one entry away, asks, and puts `instead(entry, was_exclusive)` there, or the entry again.
/// The folio and the entry's table are locked by the caller. failed: put back. done: gone, or it
/// was gone already.
template <typename Instead>
Answer take_away(World& world, Folio& folio, Home home, const char* fence_name,
                 AskWhileAway verdict, Instead&& instead) {
  Shared<Entry>& where = world.process(home.process).pages[home.page].entry;
  const Entry entry = look("unmap: the entry", [&] { return where.read(); });
  if (!entry.is(EntryKind::page) || entry.target != folio.id) return Answer::done;
  put("unmap: takes the entry away", where, Entry{});
  if (fence_name != nullptr) fence(fence_name);
  const bool goes = look("unmap: asks", [&] {
    const Decision decision = verdict(world, folio, entry);
    decided(decision.why);
    return decision.yes;
  });
  if (!goes) {
    step("unmap: puts the entry back", [&] { where.write(entry); });
    return Answer::failed;
  }
  step("unmap: gone", [&] {
    const bool exclusive = world.marks() && world.page(entry).exclusive.read();
    if (exclusive) world.mark(entry, false);
    world.unmap(home.process, home.page, entry, instead(entry, exclusive));
  });
  return Answer::done;
}

/// The counts as they would be without the reference of who has isolated the page. Belongs into a
/// step.
Counts counts_without_visitor(World& world, Folio& folio, std::uint32_t index);

/// The barrier of the rule-set between taking an entry away and asking for pins.
inline const char* share_fence(const World& world) {
  return world.rules.share_barriers == Flag::yes ? "share.clear" : nullptr;
}

/// Which entries map pages of the folio. Belongs into a step.
Homes homes_of(const Folio& folio);
/// Those of the first process that has one. A large folio's lie in one table, side by side: its
/// lock is held while all of them are looked at. What is merged has entries here and there, each
/// with a hold of its own. Requires: there is one.
std::vector<Home> homes_in_one_hold(const World& world, const Folio& folio, Homes homes);

/// All entries of the folio, until none is left or one has to stay.
template <typename Instead>
Answer take_all_away(World& world, Folio& folio, const char* fence_name, AskWhileAway verdict,
                     Instead&& instead) {
  Answer answer = Answer::done;
  while (answer == Answer::done) {
    const Homes homes = look("unmap: who maps it", [&] { return homes_of(folio); });
    if (homes == 0) break;
    const std::vector<Home> held = homes_in_one_hold(world, folio, homes);
    Process& process = world.process(held.front().process);
    lock_table(process);
    for (const Home& home : held) {
      answer = take_away(world, folio, home, fence_name, verdict, instead);
      if (answer != Answer::done) break;
    }
    unlock_table(process);
  }
  return answer;
}

/// The folio that the task's process maps there, locked and with a reference for us; nothing: it is
/// not there, or another thread has it locked.
Folio* isolate(World& world, Task task, PageNo page);
/// The same for what can only be done to small pages. Nothing: also where the page was split for
/// that, and a collapse has made it part of a large one again.
Folio* isolate_small(World& world, Task task, PageNo page);
/// Gives back lock and reference.
void release(World& world, Folio& folio);

}  // namespace lab::model
