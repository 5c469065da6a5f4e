// Tracking by userfaultfd's asynchronous write-protection: the kernel lifts the protection at a
// first write and goes on. PAGEMAP_SCAN finds what is not protected any more and protects it again.
#include <sys/mman.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "arena/track/trial.h"
#include "arena/track/userfault.h"
#include "base/fail.h"
#include "base/refusal.h"

namespace cleave::detail {
namespace {

// A page table's worth of memory. Asking about memory that was never touched has the kernel make
// page tables for it, and walk them ever after: so blocks are left out until the file has something
// in them.
constexpr std::uint64_t kBlock = 512;

class Async final : public Tracker {
 public:
  Async(const Mapping& mapping, PageSet&& told, PageSet&& untouched, PageSet&& fresh,
        PageSet&& seen, Userfault&& faults, Pagemap&& pagemap, bool may_lack_pages)
      : mapping_(mapping),
        may_lack_pages_(may_lack_pages),
        told_(std::move(told)),
        untouched_(std::move(untouched)),
        fresh_(std::move(fresh)),
        seen_(std::move(seen)),
        faults_(std::move(faults)),
        pagemap_(std::move(pagemap)) {}

  ~Async() override {
    if (mapping_.is_here()) faults_.unwatch({mapping_.native(), mapping_.bytes()});
  }
  Async(const Async&) = delete;
  Async& operator=(const Async&) = delete;

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::async; }

  /// Watches the mapping, and protects what has pages already.
  Result<void> watch() {
    untouched_.add({0, blocks()});
    if (auto watched = faults_.watch({mapping_.native(), mapping_.bytes()}); !watched) {
      return watched;
    }
    return scan({0, mapping_.pages()}, [](PageRun) {});
  }

  Result<void> collect(PageRun within, PageSet& changed) override {
    told_.move(within, changed);
    ResidentRanges resident(mapping_);
    return scan(within, [&](PageRun run) { add(run, resident, changed); });
  }

  // A scan has to stop at each run: 0.8 us, for 1.2 us a fault. Where little else is written, a
  // look finds that most of what lies between need not be scanned.
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override {
    return {.most = mapping_.pages(), .least_run = kWorthLeavingOpen, .least_run_in_routine = 1};
  }

  // One descriptor watches for both, and can only let go of both.
  Result<void> all_have_come() override {
    may_lack_pages_ = false;
    faults_.unwatch({mapping_.native(), mapping_.bytes()});
    if (auto watched = faults_.watch({mapping_.native(), mapping_.bytes()}); !watched) {
      return watched;
    }
    return scan({0, mapping_.pages()}, [](PageRun) {});
  }

  // The kernel sees a write by itself, but not that the program gives memory back: the protection
  // stays.
  void mark_dirty(PageRun run) noexcept override { told_.add(run); }

 private:
  [[nodiscard]] std::uint64_t blocks() const { return (mapping_.pages() + kBlock - 1) / kBlock; }
  [[nodiscard]] std::uint64_t page_at(std::uint64_t address) const {
    return (address - reinterpret_cast<std::uint64_t>(mapping_.native())) / kPageSize;
  }

  // One look for each extent of untouched blocks, and one more for each that has been touched
  // since.
  void find_touched() {
    ResidentRanges resident(mapping_);
    (void)untouched_.for_each_run([&](PageRun run) -> Result<void> {
      const PageRun pages{run.first * kBlock, std::min(run.end * kBlock, mapping_.pages())};
      for (PageRun left = pages; left.first < left.end;) {
        const std::uint64_t page = resident.first_in(left).first;
        if (page >= left.end) break;
        const std::uint64_t block = page / kBlock;
        untouched_.remove({block, block + 1});
        fresh_.add(block);
        left.first = (block + 1) * kBlock;
      }
      return {};
    });
  }

  // Visits what was written in touched blocks, and protects it again.
  template <class Visit>
  Result<void> scan(PageRun within, Visit visit) {
    find_touched();
    std::uint64_t from = within.first;
    const auto up_to = [&](std::uint64_t end) -> Result<void> {
      if (end <= from) return {};
      return scan_watched({from, end}, visit);
    };
    auto done = untouched_.for_each_run([&](PageRun run) {
      auto scanned = up_to(std::min(run.first * kBlock, within.end));
      from = std::max(from, run.end * kBlock);
      return scanned;
    });
    if (done) done = up_to(within.end);
    if (!done) return done;
    const std::uint64_t end = within.end == mapping_.pages() ? blocks() : within.end / kBlock;
    fresh_.remove({(within.first + kBlock - 1) / kBlock, end});
    return {};
  }

  template <class Visit>
  Result<void> scan_watched(PageRun within, Visit visit) {
    const bool looked = worth_a_look(within) && look(within);
    auto done = for_each_watched(
        within, [&](PageRun gap) { return scan_touched(looked ? seen_in(gap) : gap, visit); });
    seen_.clear();
    return done;
  }

  // A call costs about as much as a walk of a block.
  [[nodiscard]] bool worth_a_look(PageRun within) const {
    std::uint64_t gaps = 0;
    (void)for_each_watched(within, [&](PageRun) -> Result<void> {
      ++gaps;
      return {};
    });
    return gaps > 2 + within.pages() / kBlock;
  }

  // False: it cannot be known.
  bool look(PageRun run) noexcept {
    while (run.first < run.end) {
      const std::span left(mapping_.native(run.first), run.pages() * kPageSize);
      const auto looked = pagemap_.look_for_written(left, found_);
      if (!looked) return false;
      for (const ScannedRun& found : looked->runs) {
        seen_.add({page_at(found.start), page_at(found.end)});
      }
      run.first = page_at(looked->walked_to);
    }
    return true;
  }

  // From the first of them to the last.
  [[nodiscard]] PageRun seen_in(PageRun gap) const {
    PageRun seen{gap.end, gap.end};
    (void)seen_.for_each_run(gap, [&](PageRun run) -> Result<void> {
      seen = {std::min(seen.first, run.first), run.end};
      return {};
    });
    return seen;
  }

  template <class Visit>
  Result<void> scan_touched(PageRun run, Visit visit) {
    while (run.first < run.end) {
      const std::span left(mapping_.native(run.first), run.pages() * kPageSize);
      // The kernel takes memory for as many runs as there is room for.
      const std::span into = std::span(found_).first(std::min(found_.size(), run.pages() / 2 + 1));
      auto scanned = pagemap_.take_written(left, into);
      if (!scanned) {
        visit(run);  // how far it came, and what it has protected again, is not known
        if (scanned.error().code == Errc::no_memory) return tl::unexpected(scanned.error());
        // Memory that was moved away and back is watched no more. Where pages were missing from it,
        // they were zeroes to whoever looked meanwhile: that is not to be recorded.
        if (may_lack_pages_ || !faults_.watch(left)) return tl::unexpected(scanned.error());
        scanned = pagemap_.take_written(left, into);
        if (!scanned) return tl::unexpected(scanned.error());
      }
      for (const ScannedRun& found : scanned->runs) {
        visit(PageRun{page_at(found.start), page_at(found.end)});
      }
      run.first = page_at(scanned->walked_to);
    }
    return {};
  }

  // Entries that are not there are reported as well. In a block that is looked at for the first
  // time, most of them are holes that no access ever came to, and the file knows; short runs are
  // not worth two system calls. From then on even holes have an entry, and what has none was
  // written and taken away by reclaim.
  void add(PageRun run, ResidentRanges& resident, PageSet& changed) const {
    while (run.first < run.end) {
      const std::uint64_t block = run.first / kBlock;
      const PageRun part{run.first, std::min(run.end, (block + 1) * kBlock)};
      if (fresh_.has(block) && part.pages() >= kWorthLooking) {
        add_populated(part, resident, changed);
      } else {
        changed.add(part);
      }
      run.first = part.end;
    }
  }
  static void add_populated(PageRun run, ResidentRanges& resident, PageSet& changed) {
    while (run.first < run.end) {
      const PageRun memory = resident.first_in(run);
      changed.add(memory);
      run.first = memory.end;
    }
  }

  static constexpr std::uint64_t kWorthLooking = 8;
  static constexpr std::uint64_t kWorthLeavingOpen = 3;

  const Mapping& mapping_;
  bool may_lack_pages_;
  PageSet told_;       // by mark_dirty()
  PageSet untouched_;  // blocks, by number, in which the file had nothing when last looked
  PageSet fresh_;      // blocks that were touched since, and not scanned whole yet
  PageSet seen_;       // by a look, which ends with the scan that it is for
  Userfault faults_;
  Pagemap pagemap_;
  std::array<ScannedRun, 1024> found_;
};

Result<OwnedTracker> make_in(Userfault::Mode mode, const Mapping& mapping) {
  auto faults = Userfault::open(mode);
  if (!faults) return tl::unexpected(faults.error());
  auto pagemap = Pagemap::open();
  if (!pagemap) return tl::unexpected(pagemap.error());
  const std::uint64_t blocks = (mapping.pages() + kBlock - 1) / kBlock;
  auto told = PageSet::create(mapping.pages());
  if (!told) return tl::unexpected(told.error());
  auto untouched = PageSet::create(blocks);
  if (!untouched) return tl::unexpected(untouched.error());
  auto fresh = PageSet::create(blocks);
  if (!fresh) return tl::unexpected(fresh.error());
  auto seen = PageSet::create(mapping.pages());
  if (!seen) return tl::unexpected(seen.error());
  auto made = sync::make_owned<Async>(mapping, std::move(*told), std::move(*untouched),
                                      std::move(*fresh), std::move(*seen), std::move(*faults),
                                      std::move(*pagemap), mode == Userfault::Mode::late);
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  if (auto watched = made->watch(); !watched) return tl::unexpected(watched.error());
  return made;
}

Result<OwnedTracker> make_async(const Mapping& mapping) {
  return make_in(Userfault::Mode::async, mapping);
}

constexpr Refusals kForget =
    CLEAVE_REFUSALS("madvise(MADV_DONTNEED)", "the kernel has no madvise(MADV_DONTNEED)");

// Another call for memory that mlockall(2) has locked (Linux 5.18).
bool forget(std::byte* page) {
  return madvise(page, kPageSize, MADV_DONTNEED) == 0 ||
         (errno == EINVAL && madvise(page, kPageSize, MADV_DONTNEED_LOCKED) == 0);
}

// System calls write, and a page that was written is reclaimed.
Result<void> probe_async(Trial& trial) {
  // As if memory had become scarce: the page goes, and its entry with the mark in it.
  trial.write(9);
  if (!forget(trial.at(9))) return refused(kForget, errno);
  // A system call that writes to memory, and needs nothing else that could run short.
  if (uname(reinterpret_cast<utsname*>(trial.at(5))) != 0) {
    return fail(Errc::unsupported, "a system call cannot write to tracked memory", {}, errno);
  }
  if (auto done = trial.collect(); !done) return done;
  if (!trial.has(5)) return fail(Errc::unsupported, "a system call's write was not noticed");
  if (!trial.has(9)) {
    return fail(Errc::unsupported, "a write was forgotten when the page was reclaimed");
  }
  return {};
}

}  // namespace

Result<OwnedTracker> make_late_tracker(const Mapping& mapping) {
  return make_in(Userfault::Mode::late, mapping);
}

const TrackerKind kAsync{.tracking = Tracking::async,
                         .name = "async",
                         .signal = 0,
                         .notices = true,
                         .make = make_async,
                         .probe = probe_async};

}  // namespace cleave::detail
