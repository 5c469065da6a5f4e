// What memory promises, whoever keeps the promise: Linux in any version, gVisor, cleave. It knows
// no page tables, counts or marks, and no rule-set; only who may see which bytes.
//
//   * A process sees what it wrote last, and nobody else's writes: after a fork two processes have
//     a memory each, whatever is shared below.
//   * A plain reference sees bytes that its page had since the reference was taken; never what
//     another process wrote.
//   * A pin is coherent: as long as its owner has the page there, the CPU and the pin see the same
//     bytes, in both directions. For a short pin for reading that holds where the page is the
//     owner's own memory already, and not a file's, or zeroes that were never written.
//   * What the kernel does by itself changes nothing that can be seen.
//   * No call waits for ever, unless something that the program began stands in its way.
//
// What is written through a plain reference is promised to nobody, and may be seen by whoever had
// the page then. Of pages of hugetlbfs less is promised: observation.h, Known.
#pragma once

#include <array>
#include <cstdint>

#include "lab/explore/execution/hash.h"
#include "lab/spec/act.h"

namespace lab::spec {

using Value = std::uint8_t;    // below 64
using Values = std::uint64_t;  // a set of them
constexpr Values only(Value value) { return Values{1} << value; }

/// Where a program starts: pages of the first process, all alike.
struct Beginning {
  std::uint8_t pages = 1;
  Value value = 1;
  bool own = true;      ///< memory that was written to; else a file's, or the zero page
  bool file = false;    ///< a private mapping: what is discarded comes back as the file has it
  bool shared = false;  ///< a shared mapping: all processes have one page
  bool readonly = false;
  bool large = false;  ///< the pages are parts of one
  std::uint8_t pool =
      0;  ///< of hugetlbfs: pages of the pool, those of this program included; 0: not
};

class Promise {
 public:
  static constexpr std::uint8_t kNone = 255;

  /// What a process has at an address: bytes that are its own, wherever they lie.
  struct Cell {
    Values had = 0;  ///< ever; and 0 if the kernel may drop it
    Value value = 0;
    bool own = false;
    bool may_be_zero = false;     ///< lazily freed
    bool hugetlb = false;         ///< lies in pages of the pool
    bool may_be_refused = false;  ///< the latest write, for want of a page
    /// A cell with the same bytes since a fork, not written to since; kNone: none.
    std::uint8_t twin = kNone;
    bool may_be_dropped = false;  ///< its twin was lazily freed
  };
  /// Whether a touch of a page would find something: a page, the zero page, or one in swap.
  enum class There : std::uint8_t { nothing, something, unknown };
  struct Page {
    bool mapped = false;
    bool file = false;  ///< what is discarded comes back as the file has it
    litmus::Protection protection = litmus::Protection::none;
    std::uint8_t cell = 0;
    bool dontfork = false;
    bool wipeonfork = false;
    bool wp = false;       ///< a write waits for the program's own handler
    bool missing = false;  ///< so does a touch of what is not there
    bool minor = false;    ///< so does a touch of what a file has, and is not mapped
    There there = There::nothing;
  };
  struct Reference {
    bool held = false;
    bool pin = false;
    bool write = false;
    bool lasting = false;
    bool coherent = false;        ///< promised while its owner has the cell there
    bool may_be_refused = false;  ///< for want of a page: then nothing goes through it
    std::uint8_t process = 0;
    std::uint8_t page = 0;
    std::uint8_t cell = 0;
    Values may = 0;  ///< be seen through it
  };

  explicit Promise(const Beginning& beginning);

  /// Whether the act makes sense here: it addresses what is there, is allowed to, and does not wait
  /// for what the program itself withholds.
  [[nodiscard]] bool allows(const Act& act) const;
  /// Requires: allows(act). `value` is what it writes, if it writes.
  void perform(const Act& act, Value value);

  [[nodiscard]] const Beginning& beginning() const { return beginning_; }
  [[nodiscard]] bool alive(std::size_t process) const { return alive_[process]; }
  [[nodiscard]] bool forked() const { return forked_; }
  [[nodiscard]] const Page& page(std::size_t process, std::size_t page) const {
    return pages_[process][page];
  }
  [[nodiscard]] const Reference& reference(std::size_t reference) const {
    return references_[reference];
  }
  [[nodiscard]] const Cell& cell(std::size_t cell) const { return cells_[cell]; }
  /// The process that can still use the reference: its owner, or else the other.
  [[nodiscard]] std::uint8_t user_of(const Reference& reference) const {
    return alive_[reference.process] ? reference.process : std::uint8_t(1 - reference.process);
  }
  /// References taken so far, dropped ones included.
  [[nodiscard]] std::uint8_t references() const { return taken_; }
  /// Whether the owner still has there what was pinned.
  [[nodiscard]] bool in_place(const Reference& reference) const;
  /// Whether a call may wait: the program holds a page lock, or a page is being written out.
  [[nodiscard]] bool may_wait() const { return locked_ || writeback_; }
  /// Whether a page was discarded that may not be written: Linux does so, and others refuse.
  [[nodiscard]] bool discarded_unwritable() const { return discarded_unwritable_; }
  /// Whether memory of hugetlbfs was discarded: before 5.18 Linux refuses.
  [[nodiscard]] bool discarded_hugetlb() const { return discarded_hugetlb_; }
  /// Whether hugetlbfs' pool may have been empty when a page of it was needed.
  [[nodiscard]] bool pool_was_short() const { return pool_was_short_; }
  /// Whether the process touched a page of the pool, or may be looked at where it has one, when
  /// there may have been none left.
  [[nodiscard]] bool may_be_killed(std::size_t process) const;
  /// Values that the process wrote, through its references too.
  [[nodiscard]] Values written(std::size_t process) const { return written_[process]; }
  /// Values that went through plain references.
  [[nodiscard]] Values loose() const { return loose_; }

  /// What two programs have in common after which the same is promised.
  void feed(explore::Hash64& hash) const;

 private:
  [[nodiscard]] bool allows_on(const Act& act, const Page& page) const;
  [[nodiscard]] bool allows_pair(const Act& act, const Page& page) const;
  [[nodiscard]] bool allows_supply(const Act& act, const Page& page) const;
  [[nodiscard]] static bool may_be_asked_for(const Page& page) {
    return (page.missing || page.minor) && page.there != There::something;
  }
  void fork();
  void take(const Act& act);
  void poke(const Act& act, Value value);
  void write(std::uint8_t cell, Value value, bool may_be_refused = false);
  void part(std::uint8_t cell);
  void free(Page& page);
  void move(const Act& act);
  void discard(Page& page);
  void touch(const Act& act, Page& page);
  void supply(const Act& act, Page& page, Value value);
  void apply(const Act& act, Value value);
  [[nodiscard]] int most_pool_pages() const;
  std::uint8_t add_cell(Value value, bool own, bool hugetlb = false);

  static constexpr std::size_t kCells = 24;
  Beginning beginning_;
  std::array<Cell, kCells> cells_{};
  std::array<std::array<Page, kPages>, kProcesses> pages_{};
  std::array<Reference, kReferences> references_{};
  std::array<bool, kProcesses> alive_{};
  std::uint8_t cell_count_ = 0;
  std::uint8_t taken_ = 0;
  bool forked_ = false;
  bool locked_ = false;
  bool writeback_ = false;
  bool discarded_unwritable_ = false;
  bool discarded_hugetlb_ = false;
  bool pool_was_short_ = false;
  std::array<bool, kProcesses> may_be_killed_{};  // each, for want of a page
  std::array<Values, kProcesses> written_{};      // by each
  Values loose_ = 0;
};

}  // namespace lab::spec
