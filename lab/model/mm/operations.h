// What the words of the language do to the machine, each as the sequence of steps that a kernel
// takes; references are in lab/model/gup/.
#pragma once

#include "lab/model/world/world.h"

namespace lab::model {

// The CPU, and what is done to memory in its name.

std::optional<Value> read_memory(World& world, Task task, PageNo page, Half half);
Answer write_memory(World& world, Task task, PageNo page, Value value, Half half);
/// FOLL_FORCE: through /proc/pid/mem.
Answer force_memory(World& world, Task task, PageNo page, Value value, Half half);

/// A fatal signal: the process exits.
void kill(World& world, Task task);
void exit_process(World& world, Task task);

// fork.cc.

/// fork(2): region by region, entry by entry. failed: a copy found no memory; the child has exited.
/// `event`: userfaultfd goes on serving the child.
Answer fork(World& world, Task task, ProcessId child, bool event);

// mapping.cc, move.cc and protect.cc.

Answer unmap(World& world, Task task, PageRange pages);
Answer map(World& world, Task task, PageRange pages);
Answer discard(World& world, Task task, PageRange pages);
Answer free_lazily(World& world, Task task, PageRange pages);
Answer protect(World& world, Task task, PageRange pages, Protection protection);
Answer set_dontfork(World& world, Task task, PageRange pages, bool on);
Answer set_wipeonfork(World& world, Task task, PageRange pages, bool on);
Answer move(World& world, Task task, PageRange from, PageNo to, bool event);
Answer uffd_move(World& world, Task task, PageRange from, PageNo to);

Answer write_protect(World& world, Task task, PageRange pages, WpMode mode);
Answer write_unprotect(World& world, Task task, PageRange pages);
void clear_refs(World& world, Task task);
/// The entry that maps the page, for who is about to change the pages of `of` and no others: a huge
/// one that reaches farther is split. Belongs into a step.
EntryRef spot_within(World& world, ProcessId id, PageNo page, PageRange of);

// userfault.cc.

Answer register_faults(World& world, Task task, PageRange pages, Userfaults which);
void serve(World& world, Task task, PageNo page);
Answer uffd_copy(World& world, Task task, PageRange pages, Value value, bool protects);
Answer uffd_zeropage(World& world, Task task, PageRange pages);
Answer uffd_continue(World& world, Task task, PageRange pages, bool protects);

// reclaim.cc.

Answer swap_out(World& world, Task task, PageNo page);
Answer swap_off(World& world, Task task);
void begin_writeback(World& world, Task task, PageNo page);
void end_writeback(World& world, PageNo page);

// merge.cc and migrate.cc.

Answer merge(World& world, Task task, PageNo page, ProcessId other_process, PageNo other);
Answer unmerge(World& world, Task task, PageRange pages);
Answer migrate(World& world, Task task, PageNo page);

// huge.cc.

/// The huge entry of the task's process becomes small ones. failed: there is none.
Answer split_pmd(World& world, Task task, PageNo page);
/// The folio becomes pages of their own, wherever it is mapped. failed: it has references that are
/// no entries (huge entries have been split none the less), or is small.
Answer split_folio(World& world, Task task, PageNo page);
/// For what can only be done to small pages: splits a large folio; done: the page is small, or not
/// there.
Answer split_before_small_work(World& world, Task task, PageNo page);
/// khugepaged: the pages of the run become one page, mapped by a huge entry. failed: some are
/// absent or referenced.
Answer collapse(World& world, Task task, PageNo page);

}  // namespace lab::model
