// The machine: processes, pages, page tables and references, small enough to be obvious.
//
// One member function for each word of the language. Each is performed by a thread of a process, as
// the sequence of atomic steps (lab/explore/run.h) that a kernel takes under its locks; which page
// may be written in place, shared, pinned or moved is decided by a rule-set (lab/model/rules.h)
// alone. docs/model.md says what is modelled and what is left out.
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

#include "lab/model/rules.h"

namespace lab::model {

using ProcessId = std::uint32_t;    // in the order of declaration; 0 is there at the start
using PageNo = std::uint32_t;       // a virtual page; one number is one address, in every process
using ReferenceId = std::uint32_t;  // a name of a reference ("p"), whether taken or not
using Value = std::uint32_t;

/// Who performs an operation: a thread of `process`, running on a CPU of its own. Each thread of a
/// test has its own `cpu`, counted from 0.
struct Task {
  ProcessId process = 0;
  std::uint32_t cpu = 0;
};

/// A page's bytes are two values, so that a device and a CPU can write different bytes of one page.
enum class Half : std::uint8_t { a, b };

/// Pages in a row: what words that work on ranges are given. One page is a range, too. Part of a
/// page that is mapped by a huge entry splits that entry; a hugetlb page is one page.
struct Pages {
  PageNo first = 0;
  std::uint32_t count = 1;
  // NOLINTNEXTLINE(google-explicit-constructor): a page is a range.
  constexpr Pages(PageNo page, std::uint32_t pages = 1) : first(page), count(pages) {}
};

/// What the kernel answers.
enum class Answer : std::uint8_t {
  done,
  failed,  ///< refused, nothing has changed (EBUSY, EAGAIN, EFAULT)
  killed,  ///< the process got a fatal signal (no mapping, no permission, no memory) and has exited
};

enum class PageKind : std::uint8_t {
  anonymous,  ///< private anonymous memory, touched: one page, writable, dirty
  zero,       ///< private anonymous memory, only read so far: the zero page is mapped
  file,       ///< private mapping of a file's page, read so far
  shared,     ///< shared mapping of a file's page (shmem)
  ksm,        ///< private anonymous, merged: all ksm pages of one value are one page
};

/// One declaration of a test: a page, or a run of pages that is huge, of the first process.
struct PageSetup {
  std::string name;
  PageKind kind = PageKind::anonymous;
  Value value = 0;          // of both halves, of every page of the run
  std::uint32_t pages = 1;  // above 1: one folio, by_pmd or by page table entries
  bool by_pmd = false;      // mapped by one huge entry
  bool hugetlb = false;     // from the reserved pool, mapped by one huge entry; `pages` stays 1
  bool swapped = false;     // on swap, not in memory, exclusive where the rule-set remembers that
  bool readonly = false;    // the region allows no writes yet
  bool unmapped = false;    // no region yet
  bool continued =
      false;  // file: UFFDIO_CONTINUE resolves read faults, by a read-only and dirty entry
  std::uint32_t held = 0;  // plain references that somebody outside the test holds throughout
};

/// What swap lies on. ordinary: pages pass through the swap cache. synchronous: a fault on a slot
/// counted once reads it without (zram, pmem). stable_writes: pages under writeback must not be
/// changed.
enum class SwapDevice : std::uint8_t { ordinary, synchronous, stable_writes };

/// Where a run starts. Page numbers are given in the order of `pages`: see first_page().
struct Setup {
  std::vector<PageSetup> pages;
  std::uint32_t processes = 1;   // declared ones, the first included
  std::uint32_t cpus = 1;        // threads of the test
  std::uint32_t references = 0;  // names of references
  SwapDevice swap = SwapDevice::ordinary;
  std::uint32_t free_hugetlb = 1;  // huge pages of the pool that are neither mapped nor reserved

  /// The number of the first page of declaration `index`; a huge run of n takes n numbers.
  [[nodiscard]] PageNo first_page(std::size_t index) const;
  [[nodiscard]] PageNo page_count() const { return first_page(pages.size()); }
  /// What is wrong with it ("more than 64 pages in all processes"), or nothing.
  [[nodiscard]] std::optional<std::string> fault() const;
};

/// How a reference is taken.
struct Take {
  bool pin = false;    ///< FOLL_PIN: get_user_pages's promise of coherence; else a plain FOLL_GET
  bool write = false;  ///< FOLL_WRITE
  bool long_term = false;  ///< FOLL_LONGTERM
  bool fast = false;       ///< without locks first, and only then with them
  bool fast_only = false;  ///< without locks or not at all
};

enum class Protection : std::uint8_t { none, read, write };

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
  /// `child` must be declared and not have started. failed: the rule-set's fork refuses.
  Answer fork(Task task, ProcessId child);
  /// Ends the whole process: its memory goes, its references stay. Its other threads find out at
  /// their next operation, which returns killed.
  void exit(Task task);
  /// Blocks until the process has started and exited.
  void await_exit(ProcessId process);

  // References. A name that is taken must be dropped before it is taken again.
  /// Takes a reference under the name `as`. failed: none was taken (fast_only; or the rule-set
  /// refuses).
  Answer take(Task task, PageNo page, Take how, ReferenceId as);
  /// Nothing: the name is not taken.
  std::optional<Value> peek(ReferenceId reference, Half half = Half::a);
  /// Does nothing if the name is not taken.
  void poke(ReferenceId reference, Value value, Half half = Half::a);
  void drop(ReferenceId reference);

  // Mappings.
  Answer unmap(Task task, Pages pages);  ///< munmap
  Answer map(Task task,
             Pages pages);  ///< mmap: private anonymous, absent; failed: there is a mapping
  Answer discard(Task task, Pages pages);  ///< MADV_DONTNEED
  Answer free(Task task, Pages pages);     ///< MADV_FREE; reclaim (swap_out) may then drop the page
  Answer protect(Task task, Pages pages, Protection protection);
  Answer set_dontfork(Task task, Pages pages, bool on);
  Answer set_wipeonfork(Task task, Pages pages, bool on);
  Answer move(Task task, PageNo from, PageNo to);  ///< mremap; what was at `to` is unmapped
  Answer uffd_move(Task task, PageNo from,
                   PageNo to);  ///< UFFDIO_MOVE; `to` must be mapped and absent

  // userfaultfd's write protection, and soft-dirty tracking.
  Answer write_protect(Task task, Pages pages);
  Answer write_unprotect(Task task, Pages pages);  ///< and wakes who waits
  /// Blocks until a write-protection fault on the page waits for somebody.
  void serve(Task task, PageNo page);
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
  Answer unmerge(Task task, Pages pages);
  Answer migrate(Task task, PageNo page);
  Answer split_folio(Task task, PageNo page);
  Answer split_pmd(Task task, PageNo page);
  Answer collapse(Task task, PageNo page);

  // Precision tests: somebody else is busy with the page just now.
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
  [[nodiscard]] bool swapped(ProcessId process, PageNo page) const;
  /// Copies made for that page number during the run, by any process, by faults and forks alike.
  [[nodiscard]] std::uint32_t copies(PageNo page) const;
  [[nodiscard]] bool killed(ProcessId process) const;

  /// What contradicts itself: counts against what they count, and what the rule-set claims of marks
  /// (docs/model.md); nothing: all is well. At rest, or between the operations of a program with
  /// one thread.
  [[nodiscard]] std::optional<std::string> invariant() const;
  /// Pages and slots that are still counted although nobody can reach them any more. At rest.
  [[nodiscard]] std::optional<std::string> leak() const;
  /// One line: the counters of every page ("x: refs 3 maps 2 exclusive | y: swapped"). At rest.
  [[nodiscard]] std::string describe() const;
  /// All of it, as values. At rest, or between two steps.
  [[nodiscard]] View view() const;

 private:
  std::unique_ptr<World> world_;
};

}  // namespace lab::model
