// Tracking by userfaultfd's asynchronous write-protection: the kernel lifts the protection at a first
// write and goes on. PAGEMAP_SCAN finds what is not protected any more and protects it again.
#include <array>
#include <new>

#include "cleave/arena/tracker.h"
#include "cleave/arena/userfault.h"

namespace cleave {
namespace {

class Async final : public Tracker {
 public:
  Async(const Mapping& mapping, Userfault&& faults, Pagemap&& pagemap)
      : mapping_(mapping), faults_(std::move(faults)), pagemap_(std::move(pagemap)) {}

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::async; }

  /// Watches the mapping, and protects what has pages already.
  Result<void> watch() {
    if (auto watched = faults_.watch({mapping_.native(), mapping_.bytes()}); !watched)
      return watched;
    return scan({0, mapping_.pages()}, [](const ScannedRun&) {});
  }

  Result<void> collect(PageRun within, PageSet& changed) override {
    return scan(within, [&](const ScannedRun& run) { add(run, changed); });
  }

  // The kernel sees the write by itself.
  void touch(PageRun) noexcept override {}

 private:
  template <class Visit>
  Result<void> scan(PageRun within, Visit visit) {
    std::byte* at = mapping_.native(within.first);
    std::byte* const end = mapping_.native(within.end);
    while (at < end) {
      const auto scanned = pagemap_.take_written({at, static_cast<std::size_t>(end - at)}, found_);
      if (!scanned) return tl::unexpected(scanned.error());
      for (const ScannedRun& run : scanned->runs) visit(run);
      at = reinterpret_cast<std::byte*>(scanned->walked_to);
    }
    return {};
  }

  // Entries that are not there are reported as well: somebody wrote and reclaim took the page away, or
  // nobody ever came there, though somebody did nearby, so that there is a page table. Long runs may be of the
  // second kind, and memory tells: it would be there, or in swap. Short runs are not worth two system calls.
  void add(const ScannedRun& found, PageSet& changed) const {
    const auto base = reinterpret_cast<std::uint64_t>(mapping_.native());
    PageRun run{(found.start - base) / kPageSize, (found.end - base) / kPageSize};
    if (run.pages() < kWorthLooking) return changed.add(run);
    while (run.first < run.end) {
      const PageRun populated = mapping_.first_populated(run);
      changed.add(populated);
      run.first = populated.end;
    }
  }

  static constexpr std::uint64_t kWorthLooking = 8;

  const Mapping& mapping_;
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
  std::unique_ptr<Async> made(new (std::nothrow)
                                  Async(mapping, std::move(*faults), std::move(*pagemap)));
  if (made == nullptr) return fail(Errc::no_memory, "malloc has no memory for a tracker");
  if (auto watched = made->watch(); !watched) return tl::unexpected(watched.error());
  return made;
}

}  // namespace cleave
