// What the machine consists of: all that its threads share, and nothing else.
//
// Counts that threads only raise and lower are variables of their own, so that raising them
// commutes. Pages and folios are never used twice: a count that has fallen to zero stays there, and
// a thread that comes too late finds its page table entry changed, as in a kernel that finds the
// page freed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "lab/explore/execution/run.h"
#include "lab/model/decide/decide.h"
#include "lab/model/world/entry.h"
#include "lab/model/world/owners.h"
#include "lab/model/world/setup.h"

namespace lab::model {

// What the model's steps are written in.
using explore::await;
using explore::broken;
using explore::decided;
using explore::fence;
using explore::look;
using explore::performs;
using explore::Shared;
using explore::step;

using FolioId = std::uint16_t;  // CPU that made it (from 1; 0: there at the start) * 256 + number
using SlotId = std::uint16_t;
using Homes = std::uint64_t;  // entries that map a page: bit process * pages + page number

/// One page of memory.
struct Page {
  Shared<Value> a{"bytes a"}, b{"bytes b"};
  Shared<Homes> homes{"maps"};  // entries of its own; their number is the map count
  Shared<bool> exclusive{"exclusive"};

  [[nodiscard]] Shared<Value>& half(Half half) { return half == Half::a ? a : b; }
};

enum class FolioKind : std::uint8_t { anonymous, file, hugetlb };

/// One or several pages that are referenced together.
struct Folio {
  Folio(FolioId number, FolioKind what, std::uint32_t count)
      : id(number), kind(what), pages(count) {}

  const FolioId id;
  const FolioKind kind;
  Shared<std::int32_t> refs{"refs"};
  Shared<std::int32_t> pins{"pins"};          // of large folios, and where they are counted apart
  Shared<std::int32_t> visitors{"visitors"};  // of refs; told apart where pins are counted apart
  Shared<Homes> whole{"huge maps"};           // huge entries, by their first page
  Shared<Owners> owners{"owners"};            // large folios only
  Shared<bool> locked{"page lock"};
  Shared<bool> ksm{"merged"};
  Shared<bool> dirty{"dirty"};
  Shared<bool> writeback{"writeback"};
  Shared<bool> lazyfree{"lazyfree"};
  Shared<std::uint16_t> slot{"swap cache"};  // its slot + 1, while in the swap cache
  std::vector<Page> pages;
  std::int32_t held =
      0;  // references that are held outside the test throughout; set before the threads start

  [[nodiscard]] bool large() const { return pages.size() > 1 || kind == FolioKind::hugetlb; }
  [[nodiscard]] bool anonymous() const { return kind != FolioKind::file; }
};

/// One slot of the swap device.
struct Slot {
  Shared<std::int32_t> count{"swap count"};  // swap entries that name it
  Shared<std::uint16_t> cached{"cached"};    // the folio + 1 that the swap cache has for it
  Shared<bool> claimed{"claimed"};           // being read without the swap cache
  Shared<Value> a{"swapped a"}, b{"swapped b"};

  [[nodiscard]] bool in_use() const {
    return count.read() != 0 || cached.read() != 0 || claimed.read();
  }
};

/// Threads of a test: one bit for the CPU of each.
using Cpus = std::uint32_t;

/// What a process knows of one page number.
struct TableEntry {
  Shared<Entry> entry{"entry"};
  Shared<Region> region{"region"};
  Shared<Cpus> asleep{"userfaults"};         // threads whose fault is userfaultfd's to resolve
  Shared<Cpus> untold{"untold userfaults"};  // those of them that no handler has heard of
};

struct HugeEntry {
  Shared<Entry> entry{"huge entry"};
};

struct Process {
  explicit Process(std::uint32_t page_count, std::size_t runs) : pages(page_count), huge(runs) {}

  Shared<bool> exited{"exited"};
  Shared<bool> killed{"killed"};
  Shared<bool> map_writer{"mmap lock, writing"};
  Shared<std::int32_t> map_readers{"mmap lock, reading"};
  Shared<bool> table_locked{"page table lock"};
  Shared<std::uint32_t> sequence{"write_protect_seq"};
  Shared<std::int32_t> sections{"sections"};
  Shared<bool> has_pinned{"has pinned"};
  std::vector<TableEntry> pages;
  std::vector<HugeEntry> huge;  // one for each huge run
};

enum class ReferenceState : std::uint8_t { free, page, zero };

/// What a name of a reference stands for.
struct Reference {
  FolioId folio = 0;
  std::uint8_t index = 0;
  ReferenceState state = ReferenceState::free;
  std::uint8_t process = 0;
  std::uint8_t page = 0;
  bool pin : 1 = false;
  bool write : 1 = false;
  std::uint8_t unused_bits : 6 = 0;
  std::uint8_t unused = 0;
};

struct NamedReference {
  Shared<Reference> held{"reference"};
};

/// A run of page numbers that a huge entry can map.
struct HugeRun {
  PageNo first;
  std::uint32_t count;
  [[nodiscard]] bool has(PageNo page) const { return page >= first && page < first + count; }
};

/// Where a page number's entry is found just now.
struct EntryRef {
  Shared<Entry>* where;  // of the page, or of the huge run that it lies in
  Entry entry;           // its index is that of the page itself
  bool huge;
  PageNo base;  // first page that the entry maps
};

/// What is noted of a page number, whatever lies there.
struct PageNotes {
  Shared<std::int32_t> copies{"copies"};             // made for it
  Shared<std::uint16_t> writing{"under writeback"};  // folio + 1 whose writeback was begun there
  Shared<std::uint16_t> locking{"page lock, taken there"};  // folio + 1 whose lock was taken there
  Slot slot;                                                // there are as many as pages
};

/// One of the pool's file.
struct PoolPage {
  Shared<bool> faulting{"fault of a hugetlb page"};
};

/// A CPU's list of pages on their way to the LRU lists; it holds a reference to each. Room for one.
struct Batch {
  Shared<std::uint16_t> folio{"batch"};  // + 1
};

class World {
 public:
  World(const Rules& chosen, const Setup& start);

  const Rules rules;
  const Setup setup;
  const std::vector<HugeRun> runs;

  // Made once, in this order, which replay tokens know, and never moved.
  std::deque<Process> processes;
  std::vector<PageNotes> notes;  // one a page number
  std::vector<NamedReference> references;
  std::vector<Batch> batches;  // one a CPU
  std::vector<FolioId> files;  // by Region::file - 1
  Shared<std::int32_t> free_hugetlb{"free hugetlb pages"};
  std::vector<PoolPage> pool_pages;  // by Region::pool_page - 1; none where none is used

  [[nodiscard]] Process& process(ProcessId id) { return processes[id]; }
  [[nodiscard]] Slot& swap_slot(std::size_t id) { return notes[id].slot; }
  [[nodiscard]] Folio& folio(FolioId id) { return *folios_[id >> 8][id & 0xff]; }
  [[nodiscard]] Folio& folio(const Entry& entry) { return folio(entry.target); }
  [[nodiscard]] Page& page(const Entry& entry) { return folio(entry).pages[entry.index]; }
  [[nodiscard]] Region region(ProcessId id, PageNo page) {
    return processes[id].pages[page].region.read();
  }

  /// Whether a fault of the region's hugetlb page is under way, in whatever process: others wait.
  /// Null: the region has none.
  [[nodiscard]] Shared<bool>* hugetlb_fault(const Region& region) {
    return region.pool_page == 0 ? nullptr : &pool_pages[region.pool_page - 1u].faulting;
  }

  /// A new folio of no contents, marks or references. Not a step: no other thread knows it yet.
  Folio& make_folio(Task task, FolioKind kind, std::uint32_t pages = 1);
  Folio& make_folio_of(std::uint32_t maker, FolioKind kind, std::uint32_t pages);
  using Folios = std::vector<std::unique_ptr<Folio>>;
  [[nodiscard]] const std::vector<Folios>& all_folios() const { return folios_; }  ///< by maker

  /// Forgets the last made, so that each maker has made so many.
  void forget_folios(const std::vector<std::size_t>& made);

  // The following belong into a step.

  [[nodiscard]] EntryRef find(ProcessId id, PageNo page);
  [[nodiscard]] const HugeRun* run_of(PageNo page) const;
  /// The huge entry of the run that the page lies in. Requires: it lies in one.
  [[nodiscard]] Shared<Entry>& find_huge(ProcessId id, PageNo page) {
    return processes[id].huge[static_cast<std::size_t>(run_of(page) - runs.data())].entry;
  }
  [[nodiscard]] Counts counts(Folio& folio, std::uint32_t index);
  /// A folio that is mapped by one huge entry carries its mark on its first page.
  [[nodiscard]] Counts counts(const EntryRef& spot) {
    return counts(folio(spot.entry), spot.huge ? 0 : spot.entry.index);
  }

  /// Writes an entry that maps a page, and counts it: the map, and a reference if `referenced`
  /// (else the caller gives the one it has). Checks what the rule-set claims of entries.
  void map(ProcessId id, PageNo page, const Entry& entry, bool referenced = true);
  /// Counts one entry fewer of the page, and writes `instead` for it. `entry` is of the page alone;
  /// if it is dirty, its folio is.
  void unmap(ProcessId id, PageNo page, const Entry& entry, const Entry& instead);
  /// The same for a process that has no more use for the page. Anonymous memory forgets with the
  /// entry that it was written to.
  void leave(ProcessId id, PageNo page, Entry entry);
  /// Writes the entry of a page that stays mapped. Checks what the rule-set claims of entries.
  void change(const EntryRef& spot, Entry entry);
  void put(Folio& folio, std::int32_t number = 1);
  /// A thread begins, or ends, to work on a page that it has locked. It has a reference meanwhile,
  /// so that no other finds itself the owner; but it is no sharer either, and a check of a pin must
  /// tell them apart.
  void visit(Folio& folio);
  void end_visit(Folio& folio);
  void mark(const Entry& entry, bool exclusive);
  [[nodiscard]] bool marks() const { return rules.exclusive_mark == Flag::yes; }
  [[nodiscard]] Homes home(ProcessId id, PageNo page) const;
  /// What an entry that lost its page to swap or unmapping leaves to its folio.
  void drop_swap(SlotId slot);
  void leave_swap_cache(Folio& folio);
  /// Empties one entry, whatever it is.
  void zap(ProcessId id, PageNo page);
  /// A huge entry becomes one entry a page. In two parts, for who wants others to look in between.
  void split_pmd(ProcessId id, const HugeRun& run);
  void raise_maps_for_split(ProcessId id, const HugeRun& run);
  void lower_maps_for_split(ProcessId id, const HugeRun& run);

 private:
  void claim_entry(const Entry& entry);
  std::vector<Folios> folios_;
};

/// Builds what the setup says. Before the threads start.
void populate(World& world);

struct Home {
  ProcessId process;
  PageNo page;
};
/// The first of the entries in `homes`. Requires: there is one. Broken: no process has such an
/// entry, as a page was counted twice.
Home first_home(const World& world, Homes homes);

}  // namespace lab::model
