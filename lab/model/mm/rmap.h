// Taking away the entries that map a page, one after the other: what reclaim, migration and KSM
// have in common.
//
// A thread may be pinning the page without a lock, through the very entry that goes. So the entry
// is taken away first and the pins are asked for then: either we see the pin, or the pinner sees
// that the entry changed.
#pragma once

#include "lab/model/world/locks.h"

namespace lab::model {

/// Whether the page may lose this entry, asked while the entry is away.
using AskWhileAway = Decision (*)(World& world, Folio& folio, const Entry& entry);

/// As AskWhileAway: nothing speaks against it but pins.
Decision unless_pinned(World& world, Folio& folio, const Entry& entry);

/// Takes one entry away, asks, and puts `instead(entry, was_exclusive)` there, or the entry again.
/// The folio is locked by the caller. failed: put back. done: gone, or it was gone already.
template <typename Instead>
Answer take_away(World& world, Folio& folio, Home home, const char* fence_name,
                 AskWhileAway verdict, Instead&& instead) {
  Process& process = world.process(home.process);
  Shared<Entry>& where = process.pages[home.page].entry;
  lock_table(process);
  const Entry entry = look("unmap: the entry", [&] { return where.read(); });
  Answer answer = Answer::done;
  if (entry.is(EntryKind::page) && entry.target == folio.id) {
    put("unmap: takes the entry away", where, Entry{});
    if (fence_name != nullptr) fence(fence_name);
    const bool goes = look("unmap: asks", [&] {
      const Decision decision = verdict(world, folio, entry);
      decided(decision.why);
      return decision.yes;
    });
    if (goes) {
      step("unmap: gone", [&] {
        const bool exclusive = world.marks() && world.page(entry).exclusive.read();
        if (exclusive) world.mark(entry, false);
        world.unmap(home.process, home.page, entry, instead(entry, exclusive));
      });
    } else {
      step("unmap: puts the entry back", [&] { where.write(entry); });
      answer = Answer::failed;
    }
  }
  unlock_table(process);
  return answer;
}

/// The counts as they would be without the reference of who has isolated the page. Belongs into a
/// step.
Counts counts_without_visitor(World& world, Folio& folio, std::uint32_t index);

/// The barrier of the rule-set between taking an entry away and asking for pins.
inline const char* share_fence(const World& world) {
  return world.rules.share_barriers == Flag::yes ? "share.clear" : nullptr;
}

/// All entries of one page, until none is left or one has to stay.
template <typename Instead>
Answer take_all_away(World& world, Folio& folio, std::uint32_t index, const char* fence_name,
                     AskWhileAway verdict, Instead&& instead) {
  for (;;) {
    const Homes homes = look("unmap: who maps it", [&] { return folio.pages[index].homes.read(); });
    if (homes == 0) return Answer::done;
    const Home home = first_home(world, homes);
    if (take_away(world, folio, home, fence_name, verdict, instead) != Answer::done)
      return Answer::failed;
  }
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
