// The machine: processes, pages, page tables and references, small enough to be obvious.
//
// One member function for each word of the language. Each is performed by a thread of a process, as
// the sequence of atomic steps (lab/explore/execution/run.h) that a kernel takes under its locks;
// which page may be written in place, shared, pinned or moved is decided by a rule-set
// (lab/model/decide/rules.h) alone. docs/explanation/model.md says what is modelled and what is
// left out.
//
// A Machine is made anew for each run, before the threads start. Its operations may be called by
// the program's threads only, inside a run of the explorer; what is marked "at rest" only before
// the threads start or after all have ended, since it touches everything at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/model/decide/rules.h"
#include "lab/model/world/setup.h"

namespace lab::model {

class World;
struct View;

class Machine {
 public:
  /// Requires: setup.fault() is empty.
  Machine(const Rules& rules, const Setup& setup);
  ~Machine();

  // The CPU. Each faults as often as it takes.
  /// The value seen; nothing: the process was killed.
  std::optional<Value> read(Task task, PageNo page, Half half = Half::a);
  Answer write(Task task, PageNo page, Value value, Half half = Half::a);
  /// A write through /proc/pid/mem: FOLL_FORCE, also where the region forbids writing. failed: EIO.
  Answer force(Task task, PageNo page, Value value, Half half = Half::a);

  // Processes.
  /// `child` must be declared and not have started. `event`: userfaultfd is told (EVENT_FORK), so
  /// that it goes on serving the child. failed: the rule-set's fork refuses.
  Answer fork(Task task, ProcessId child, bool event = false);
  /// Ends the whole process: its memory goes, its references stay. Its other threads find out at
  /// their next operation, which returns killed.
  void exit(Task task);
  /// Blocks until the process has started and exited.
  void await_exit(ProcessId process);

  // References. A name that is taken must be dropped before it is taken again.
  /// Takes a reference under the name `as`. failed: none was taken (fast_only; or the rule-set
  /// refuses).
  Answer take(Task task, PageNo page, GupFlags how, ReferenceId as);
  /// Nothing: the name is not taken.
  std::optional<Value> peek(ReferenceId reference, Half half = Half::a);
  /// Does nothing if the name is not taken.
  void poke(ReferenceId reference, Value value, Half half = Half::a);
  void drop(ReferenceId reference);

  // Mappings.
  Answer unmap(Task task, PageRange pages);  ///< munmap
  Answer map(Task task,
             PageRange pages);  ///< mmap: private anonymous, absent; failed: there is a mapping
  Answer discard(Task task, PageRange pages);  ///< MADV_DONTNEED
  Answer free(Task task,
              PageRange pages);  ///< MADV_FREE; reclaim (swap_out) may then drop the page
  Answer protect(Task task, PageRange pages, Protection protection);
  Answer set_dontfork(Task task, PageRange pages, bool on);
  Answer set_wipeonfork(Task task, PageRange pages, bool on);
  /// mremap; what was at `to` is unmapped. Write protection ends, unless userfaultfd is told
  /// (EVENT_REMAP).
  Answer move(Task task, PageRange from, PageNo to, bool event = false);
  Answer uffd_move(Task task, PageRange from,
                   PageNo to);  ///< UFFDIO_MOVE; `to` must be mapped and absent

  // userfaultfd, and soft-dirty tracking.
  /// Who takes such a fault waits for the handler from now on. failed: not in such memory.
  Answer register_faults(Task task, PageRange pages, Userfaults which);
  /// failed: the rule-set cannot, or the pages are registered in another mode. The mode is that of
  /// all later faults there.
  Answer write_protect(Task task, PageRange pages, WpMode mode = WpMode::waits);
  /// And wakes who waits. failed: not registered for it.
  Answer write_unprotect(Task task, PageRange pages);
  /// Blocks until a fault on the page waits that no serve() was told of.
  void serve(Task task, PageNo page);
  // What supplies a page where none is, and wakes who waits. failed: the memory is not registered,
  // or something is there. `protects`: what comes is write-protected.
  Answer uffd_copy(Task task, PageRange pages, Value value, bool protects);
  Answer uffd_zeropage(Task task, PageRange pages);
  Answer uffd_continue(Task task, PageRange pages, bool protects);
  void clear_refs(Task task);

  // Reclaim. What acts on a page acts on every mapping of it, in whatever process.
  /// vmscan on the page that the task's process maps there, as far as it may go. failed: kept.
  Answer swap_out(Task task, PageNo page);
  Answer swap_off(Task task);  ///< brings every process' swapped pages back
  void begin_writeback(Task task, PageNo page);
  void end_writeback(Task task, PageNo page);

  // KSM, migration, huge pages.
  /// Tries to make the pages one; `other_process` may be the task's own. failed: left apart.
  Answer merge(Task task, PageNo page, ProcessId other_process, PageNo other);
  Answer unmerge(Task task, PageRange pages);
  Answer migrate(Task task, PageNo page);
  Answer split_folio(Task task, PageNo page);
  Answer split_pmd(Task task, PageNo page);
  Answer collapse(Task task, PageNo page);

  // Precision tests: a thread outside the test is busy with the page just now.
  void lock_page(Task task, PageNo page);
  void unlock_page(Task task, PageNo page);
  /// The task's CPU puts the page into its LRU batch, which holds a reference until it is drained.
  void batch(Task task, PageNo page);
  void drain(Task task);

  // What conditions ask. At rest.
  /// Whether CPU and reference see one page: the reference's owner maps that page, or nothing,
  /// where it was taken.
  [[nodiscard]] bool coherent(ReferenceId reference) const;
  [[nodiscard]] bool taken(ReferenceId reference) const;
  /// What a read there would see, without a fault's effects; nothing: no mapping.
  [[nodiscard]] std::optional<Value> value(ProcessId process, PageNo page,
                                           Half half = Half::a) const;
  [[nodiscard]] bool same(ProcessId one, PageNo page, ProcessId other, PageNo other_page) const;
  [[nodiscard]] bool pinned(ProcessId process, PageNo page) const;
  [[nodiscard]] bool exclusive(ProcessId process, PageNo page) const;
  /// Whether it is registered and marked to ask before the next write.
  [[nodiscard]] bool write_protected(ProcessId process, PageNo page) const;
  /// Whether it was written since clear_refs, as the page table shows it.
  [[nodiscard]] bool soft_dirty(ProcessId process, PageNo page) const;
  [[nodiscard]] bool swapped(ProcessId process, PageNo page) const;
  /// Copies made for that page number during the run, by any process, by faults and forks alike.
  [[nodiscard]] std::uint32_t copies(PageNo page) const;
  [[nodiscard]] bool killed(ProcessId process) const;

  /// What contradicts itself: counts against what they count, and what the rule-set claims of marks
  /// (docs/explanation/model.md); nothing: all is well. At rest, or between the operations of a
  /// program with one thread.
  [[nodiscard]] std::optional<std::string> invariant() const;
  /// Pages that are still counted although they cannot be reached any more. At rest.
  [[nodiscard]] std::optional<std::string> leak() const;
  /// Either of the two, for the price of one.
  [[nodiscard]] std::optional<std::string> contradiction() const;
  /// One line: the counters of every page ("x: refs 3 maps 2 exclusive | y: swapped"). At rest.
  [[nodiscard]] std::string describe() const;
  // For who tries what could come next, and puts the variables back: Execution::attempt().
  /// How many folios each CPU has made, and before them the setup.
  [[nodiscard]] std::vector<std::size_t> made() const;
  /// A hash of which kinds of folios were made, and by whom: no variable says so.
  [[nodiscard]] std::uint64_t kinds() const;
  /// Forgets those made since. What refers to them is put back next.
  void forget(const std::vector<std::size_t>& made);

  /// All of it, as values. At rest, or between two steps.
  [[nodiscard]] View view() const;

 private:
  std::unique_ptr<World> world_;
};

}  // namespace lab::model
