// Tracking by userfaultfd's asynchronous write-protection: the kernel lifts the protection at a first
// write and goes on. PAGEMAP_SCAN finds what is not protected any more and protects it again.
#include <algorithm>
#include <array>
#include <new>

#include "cleave/arena/tracker.h"
#include "cleave/arena/userfault.h"

namespace cleave {
namespace {

// A page table's worth of memory. Asking about memory that was never touched has the kernel make page tables for
// it, and walk them ever after: so blocks are left out until the file has something in them.
constexpr std::uint64_t kBlock = 512;

class Async final : public Tracker {
 public:
  Async(const Mapping& mapping, PageSet&& untouched, Userfault&& faults, Pagemap&& pagemap)
      : mapping_(mapping),
        untouched_(std::move(untouched)),
        faults_(std::move(faults)),
        pagemap_(std::move(pagemap)) {}

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::async; }

  /// Watches the mapping, and protects what has pages already.
  Result<void> watch() {
    untouched_.add({0, blocks()});
    if (auto watched = faults_.watch({mapping_.native(), mapping_.bytes()}); !watched) {
      return watched;
    }
    return scan({0, mapping_.pages()}, [](const ScannedRun&) {});
  }

  Result<void> collect(PageRun within, PageSet& changed) override {
    Populated populated(mapping_);
    return scan(within, [&](const ScannedRun& run) { add(run, populated, changed); });
  }

  // The kernel sees the write by itself.
  void touch(PageRun) noexcept override {}

 private:
  [[nodiscard]] std::uint64_t blocks() const { return (mapping_.pages() + kBlock - 1) / kBlock; }

  // One look for each stretch of untouched blocks, and one more for each that has been touched since.
  void find_touched() {
    fresh_ = false;
    Populated populated(mapping_);
    (void)untouched_.for_each_run([&](PageRun run) -> Result<void> {
      const PageRun pages{run.first * kBlock, std::min(run.end * kBlock, mapping_.pages())};
      for (PageRun left = pages; left.first < left.end;) {
        const std::uint64_t page = populated.first_in(left).first;
        if (page >= left.end) break;
        untouched_.remove(page / kBlock);
        fresh_ = true;
        left.first = (page / kBlock + 1) * kBlock;
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
      return from < end ? scan_touched({from, end}, visit) : Result<void>{};
    };
    auto done = untouched_.for_each_run([&](PageRun run) {
      auto scanned = up_to(std::min(run.first * kBlock, within.end));
      from = std::max(from, run.end * kBlock);
      return scanned;
    });
    return done ? up_to(within.end) : done;
  }

  template <class Visit>
  Result<void> scan_touched(PageRun run, Visit visit) {
    std::byte* at = mapping_.native(run.first);
    std::byte* const end = mapping_.native(run.end);
    while (at < end) {
      const auto scanned = pagemap_.take_written({at, static_cast<std::size_t>(end - at)}, found_);
      if (!scanned) return tl::unexpected(scanned.error());
      for (const ScannedRun& found : scanned->runs) visit(found);
      at = reinterpret_cast<std::byte*>(scanned->walked_to);
    }
    return {};
  }

  // Entries that are not there are reported as well. In a block that is looked at for the first time, most of them are
  // holes that nobody ever came to, and the file knows; short runs are not worth two system calls. From then on
  // even holes have an entry, and what has none was written and taken away by reclaim.
  void add(const ScannedRun& found, Populated& populated, PageSet& changed) const {
    const auto base = reinterpret_cast<std::uint64_t>(mapping_.native());
    PageRun run{(found.start - base) / kPageSize, (found.end - base) / kPageSize};
    if (!fresh_ || run.pages() < kWorthLooking) return changed.add(run);
    while (run.first < run.end) {
      const PageRun memory = populated.first_in(run);
      changed.add(memory);
      run.first = memory.end;
    }
  }

  static constexpr std::uint64_t kWorthLooking = 8;

  const Mapping& mapping_;
  PageSet untouched_;   // blocks, by number, in which the file had nothing when last looked
  bool fresh_ = false;  // some have been touched since the last look
  Userfault faults_;
  Pagemap pagemap_;
  std::array<ScannedRun, 1024> found_;
};

}  // namespace

Result<std::unique_ptr<Tracker>> track_async(const Mapping& mapping) {
  auto faults = Userfault::open(Userfault::Mode::async);
  if (!faults) return tl::unexpected(faults.error());
  auto pagemap = Pagemap::open();
  if (!pagemap) return tl::unexpected(pagemap.error());
  auto untouched = PageSet::create((mapping.pages() + kBlock - 1) / kBlock);
  if (!untouched) return tl::unexpected(untouched.error());
  std::unique_ptr<Async> made(new (std::nothrow) Async(mapping, std::move(*untouched),
                                                       std::move(*faults), std::move(*pagemap)));
  if (made == nullptr) return fail(Errc::no_memory, "malloc has no memory for a tracker");
  if (auto watched = made->watch(); !watched) return tl::unexpected(watched.error());
  return made;
}

}  // namespace cleave
