// Tracking by mprotect(2), whose faults come as SIGSEGV. Works everywhere, costs most.
#include <sys/mman.h>

#include <cerrno>
#include <csignal>

#include "arena/track/fault_tracker.h"
#include "arena/track/registry.h"
#include "base/address_space.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

// Each open run between closed pages is a mapping of its own to the kernel, and closes off another;
// the process may have 65,530, and everything else in it needs some: without them malloc fails
// next. So beyond the first thousands a fault opens its whole neighbourhood; more pages count as
// written then, never fewer.
constexpr std::uint64_t kFaultsPerPage = 4096;
constexpr std::uint64_t kFaultsPerBlock = 8192;
constexpr std::uint64_t kNeighbours = 64;

constexpr Refusals kProtect =
    CLEAVE_REFUSALS("mprotect", "the kernel cannot protect the arena's memory");

class Mprotect final : public FaultTracker {
 public:
  Mprotect(const Mapping& mapping, PageSet&& open) : FaultTracker(mapping, std::move(open)) {}
  ~Mprotect() override { unwatch(); }
  Mprotect(const Mprotect&) = delete;
  Mprotect& operator=(const Mprotect&) = delete;

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::mprotect; }
  [[nodiscard]] bool is_exact() const noexcept override { return false; }  // neighbours

 private:
  PageRun open_up(PageRun run) noexcept override {
    const std::uint64_t faults = faults_.fetch_add(1, sync::relaxed);
    if (faults >= kFaultsPerBlock) {
      run = all();
    } else if (faults >= kFaultsPerPage) {
      run.first -= run.first % kNeighbours;
      run.end = run.end + (kNeighbours - 1) - (run.end + kNeighbours - 1) % kNeighbours;
      if (run.end > mapping().pages()) run.end = mapping().pages();
    }
    if (set(run, PROT_READ | PROT_WRITE)) return run;
    // No mapping left to split off. Opening everything joins them all, and needs none.
    const auto open_all = [this] { return set(all(), PROT_READ | PROT_WRITE); };
    return insist(open_all) ? all() : PageRun{run.first, run.first};
  }
  Result<void> close(PageRun run) noexcept override {
    if (set(run, PROT_READ) || set(all(), PROT_READ)) return {};
    return refused_mapping(kProtect, 0, Mapped::shared, errno);
  }
  double cost_of_closing(std::uint64_t runs) const noexcept override {
    return 5000.0 * static_cast<double>(runs);
  }
  double cost_of_closing_all() const noexcept override {
    return 70.0 * static_cast<double>(mapping().pages());
  }
  void all_closed() noexcept override { faults_.store(0, sync::relaxed); }

  bool set(PageRun run, int protection) const noexcept {
    const std::span<std::byte> bytes = bytes_of(run);
    return mprotect(bytes.data(), bytes.size(), protection) == 0;
  }

  /// Since all was closed. Counted by whoever faults; nothing hangs on its order.
  sync::atomic<std::uint64_t> faults_{0};
};

Result<OwnedTracker> make_mprotect(const Mapping& mapping) {
  auto open = PageSet::create(mapping.pages());
  if (!open) return tl::unexpected(open.error());
  auto made = sync::make_owned<Mprotect>(mapping, std::move(*open));
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  if (auto done = made->watch(SIGSEGV); !done) return tl::unexpected(done.error());
  return made;
}

}  // namespace

const TrackerKind kMprotect{.tracking = Tracking::mprotect,
                            .name = "mprotect",
                            .signal = SIGSEGV,
                            .notices = true,
                            .make = make_mprotect,
                            .probe = nullptr};

}  // namespace cleave::detail
