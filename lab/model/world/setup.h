// Where a run starts, and the numbers by which its threads speak of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
struct PageRange {
  PageNo first = 0;
  std::uint32_t count = 1;
  // NOLINTNEXTLINE(google-explicit-constructor): a page is a range.
  constexpr PageRange(PageNo page, std::uint32_t pages = 1) : first(page), count(pages) {}
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
  std::uint32_t held = 0;  // plain references that are held outside the test throughout
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
  [[nodiscard]] std::optional<std::string> problem() const;
};

/// How a reference is taken.
struct GupFlags {
  bool pin = false;    ///< FOLL_PIN: get_user_pages's promise of coherence; else a plain FOLL_GET
  bool write = false;  ///< FOLL_WRITE
  bool long_term = false;  ///< FOLL_LONGTERM
  bool fast = false;       ///< without locks first, and only then with them
  bool fast_only = false;  ///< without locks or not at all
};

enum class Protection : std::uint8_t { none, read, write };

/// How userfaultfd write-protects.
enum class WpMode : std::uint8_t {
  waits,        ///< whoever writes waits for the handler; what is not there yet is passed by
  async,        ///< the kernel lets it write; also what is not there yet
  unpopulated,  ///< as waits, and what is not there yet gets a marker
};

/// Faults that userfaultfd is told of, besides those of write protection.
enum class Userfaults : std::uint8_t {
  missing,  ///< nothing is there
  minor,    ///< a file has it, and it is not mapped
};

}  // namespace lab::model
