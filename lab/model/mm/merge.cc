#include <utility>

#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/mm/rmap.h"

namespace lab::model {
namespace {

// Not by pins alone: the holder of a reference could write, or see writes that others must not see.
Decision unless_referenced(World& world, Folio& folio, const Entry& entry) {
  const Counts page = counts_without_visitor(world, folio, entry.index);
  if (const Decision counted = merge_may_protect(world.rules, page); !counted) return counted;
  return share(world.rules, page);
}

bool is_merged(Folio& folio) {
  return look("merge: merged already", [&] { return folio.ksm.read(); });
}

// What a page must be before it is compared: write-protected, by one entry, and by no other.
Answer protect_for_merge(World& world, Folio& folio, Home home) {
  // A merged page has been. But where counts are ownership, its last sharer may have pinned it.
  if (world.rules.merging == Merging::counted && is_merged(folio)) return Answer::done;
  Process& process = world.process(home.process);
  Shared<Entry>& where = process.pages[home.page].entry;
  lock_table(process);
  const Entry entry = look("merge: the entry", [&] { return where.read(); });
  Answer answer = Answer::failed;
  if (entry.is(EntryKind::page) && entry.target == folio.id) {
    put("merge: takes the entry away", where, Entry{});
    if (const char* name = share_fence(world)) fence(name);
    const bool may = look("merge: asks", [&] {
      const Decision decision = unless_referenced(world, folio, entry);
      decided(decision.why);
      return decision.yes;
    });
    step("merge: puts the entry back", [&] {
      Entry back = entry;
      if (may) {
        world.mark(entry, false);
        back.writable = false;
        back.dirty = false;
        if (entry.dirty) folio.dirty.write(true);
      }
      where.write(back);
    });
    answer = may ? Answer::done : Answer::failed;
  }
  unlock_table(process);
  return answer;
}

bool equal(Folio& one, Folio& other) {
  return look("merge: compares", [&] {
    // In an order of ours: a replay token hashes it.
    const Value a = one.pages[0].a.read();
    if (a != other.pages[0].a.read()) return false;
    const Value b = one.pages[0].b.read();
    return b == other.pages[0].b.read();
  });
}

// The entry names the merged page from now on.
Answer replace(World& world, Home home, Folio& from, Folio& by) {
  return in_table("merge: replaces the page", world.process(home.process), [&] {
    Entry entry = world.process(home.process).pages[home.page].entry.read();
    if (!entry.is(EntryKind::page) || entry.target != from.id || entry.writable)
      return Answer::failed;
    world.unmap(home.process, home.page, entry, {});
    entry.target = by.id;
    entry.dirty = false;
    entry.wp = false;  // KSM builds the entry anew: docs/findings/ksm-and-uffd-wp.md
    world.map(home.process, home.page, entry);
    return Answer::done;
  });
}

Answer merge_isolated(World& world, Home one, Folio& page, Home two, Folio& other) {
  if (!equal(page, other) || is_merged(page)) return Answer::failed;
  if (protect_for_merge(world, other, two) != Answer::done) return Answer::failed;
  const bool made_ksm = step("merge: marks the other page merged", [&] {
    if (other.ksm.read()) return false;
    other.ksm.write(true);
    return true;
  });
  if (protect_for_merge(world, page, one) == Answer::done && equal(page, other) &&
      replace(world, one, page, other) == Answer::done) {
    return Answer::done;
  }
  // It is not shared; a kernel would break it up by a write fault.
  if (made_ksm) step("merge: takes the mark back", [&] { other.ksm.write(false); });
  return Answer::failed;
}

// Of two pages of one process that with the lower address is scanned first, and gives way; but what
// is merged already stays.
bool scanned_later(World& world, Home one, Home two) {
  return look("merge: which gives way", [&] {
    const auto merged = [&](Home home) {
      const Entry entry = world.find(home.process, home.page).entry;
      return entry.is(EntryKind::page) && world.folio(entry).ksm.read();
    };
    if (merged(one) != merged(two)) return merged(one);
    return one.process == two.process && one.page > two.page;
  });
}

bool mergeable(World& world, Home home) {
  return look("merge: the region", [&] {
    const Entry entry = world.find(home.process, home.page).entry;
    return world.region(home.process, home.page).copy_on_write() && entry.is(EntryKind::page) &&
           world.folio(entry).kind == FolioKind::anonymous;
  });
}

}  // namespace

Answer merge(World& world, Task task, PageNo page, ProcessId other_process, PageNo other) {
  if (world.rules.merging == Merging::never) return Answer::failed;
  Home one{task.process, page};
  Home two{other_process, other};
  if (scanned_later(world, one, two)) std::swap(one, two);
  if (!mergeable(world, one) || !mergeable(world, two)) return Answer::failed;
  for (const Home& home : {one, two})
    if (split_before_small_work(world, {home.process, task.cpu}, home.page) != Answer::done)
      return Answer::failed;
  Folio* const first = isolate_small(world, {one.process, task.cpu}, one.page);
  if (first == nullptr) return Answer::failed;
  Folio* const second = isolate_small(world, {two.process, task.cpu}, two.page);
  if (second == nullptr) {
    release(world, *first);
    return Answer::failed;
  }
  const Answer answer = merge_isolated(world, one, *first, two, *second);
  release(world, *first);
  release(world, *second);
  return answer;
}

Answer unmerge(World& world, Task task, PageRange pages) {
  FaultFlags how;
  how.kind = world.rules.ksm_unmerge == KsmUnmerge::unshare ? Fault::unshare : Fault::write;
  how.forced = true;
  how.may_wait = false;
  Answer answer = Answer::done;
  for (PageNo page = pages.first; page < pages.first + pages.count; ++page) {
    const auto merged = [&] {
      return look("unmerge: is it merged", [&] {
        const Entry entry = world.find(task.process, page).entry;
        return entry.is(EntryKind::page) && world.folio(entry).ksm.read();
      });
    };
    while (answer == Answer::done && merged()) answer = fault(world, task, page, how).answer;
  }
  return answer;
}

}  // namespace lab::model
