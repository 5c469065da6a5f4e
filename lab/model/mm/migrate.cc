#include "lab/model/mm/operations.h"
#include "lab/model/mm/rmap.h"

namespace lab::model {
namespace {

Moving kind_of(const Entry& entry, bool exclusive) {
  if (entry.writable) return Moving::writable;
  return exclusive ? Moving::exclusive : Moving::readable;
}

Answer unmap_to_migration(World& world, Folio& folio) {
  return take_all_away(world, folio, share_fence(world), unless_pinned,
                       [&](const Entry& entry, bool exclusive) {
                         Entry moving = entry;
                         moving.kind = EntryKind::migrating;
                         moving.moving = kind_of(entry, exclusive);
                         moving.writable = false;
                         return moving;
                       });
}

// All entries are away. If nothing else refers to it, the bytes move. Else it stays where it is.
bool moves(World& world, Folio& from, Folio& to) {
  return step("migrate: asks, and copies the bytes", [&] {
    const Decision decision = unreferenced(world.rules, counts_without_visitor(world, from, 0));
    decided(decision.why);
    if (!decision) return false;
    for (std::uint32_t i = 0; i < from.pages.size(); ++i) {
      to.pages[i].a.write(from.pages[i].a.read());
      to.pages[i].b.write(from.pages[i].b.read());
    }
    to.locked.write(true);  // and held, until all entries name it
    world.visit(to);
    to.ksm.write(from.ksm.read());
    to.dirty.write(from.dirty.read());
    if (const std::uint16_t slot = from.slot.read(); slot != 0) {
      to.slot.write(slot);
      to.refs.add(1);
      world.swap_slot(slot - 1u).cached.write(static_cast<std::uint16_t>(to.id + 1));
      from.slot.write(0);
      world.put(from);
    }
    return true;
  });
}

bool is_away(World& world, ProcessId id, PageNo page, const Folio& from) {
  const Entry entry = world.process(id).pages[page].entry.read();
  return entry.is(EntryKind::migrating) && entry.target == from.id;
}

void restore_entry(World& world, ProcessId id, PageNo page, const Folio& to) {
  Entry entry = world.process(id).pages[page].entry.read();
  const bool forbidden = world.region(id, page).protection != Protection::write;
  entry.kind = EntryKind::page;
  entry.target = to.id;
  entry.writable = entry.moving == Moving::writable && !entry.wp && !forbidden;
  if (entry.moving != Moving::readable) world.mark(entry, true);
  entry.moving = Moving::readable;
  world.map(id, page, entry);
}

// The first of a process' entries that is still away. True: another one is.
bool restore_first(World& world, ProcessId id, const Folio& from, const Folio& to) {
  const PageNo end = world.setup.page_count();
  const auto next = [&](PageNo page) {
    while (page < end && !is_away(world, id, page, from)) ++page;
    return page;
  };
  const PageNo first = next(0);
  if (first == end) return false;
  restore_entry(world, id, first, to);
  return next(first + 1) < end;
}

// One step an entry: who looks without a lock may find one back, and the next not yet. A large
// folio's lie side by side in one table, whose lock is held from the first to the last; a merged
// page's have a hold each.
void restore(World& world, const Folio& from, const Folio& to) {
  for (ProcessId id = 0; id < world.processes.size(); ++id) {
    Process& process = world.process(id);
    bool more = false, held = false;
    const auto restore_one = [&] {
      more = restore_first(world, id, from, to);
      if (from.large() && more != held) process.table_locked.write(more);
      held = from.large() && more;
    };
    do {
      if (held) {
        step("migrate: restores the next entry", restore_one);
      } else {
        in_table("migrate: restores an entry", process, restore_one);
      }
    } while (more);
  }
}

}  // namespace

Answer migrate(World& world, Task task, PageNo page) {
  in_table("migrate: splits a huge entry", world.process(task.process), [&] {
    if (world.find(task.process, page).huge) world.split_pmd(task.process, *world.run_of(page));
  });
  Folio* const folio = isolate(world, task, page);
  if (folio == nullptr) return Answer::failed;
  if (!folio->anonymous() || folio->kind == FolioKind::hugetlb) {
    release(world, *folio);
    return Answer::failed;
  }
  const Answer answer = unmap_to_migration(world, *folio);
  Folio* to = folio;
  if (answer == Answer::done) {
    Folio& fresh = world.make_folio(task, FolioKind::anonymous,
                                    static_cast<std::uint32_t>(folio->pages.size()));
    if (moves(world, *folio, fresh)) to = &fresh;
  }
  restore(world, *folio, *to);
  if (to != folio) release(world, *to);
  release(world, *folio);
  return to == folio ? Answer::failed : Answer::done;
}

}  // namespace lab::model
