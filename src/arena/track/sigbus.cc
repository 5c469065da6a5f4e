// Tracking by userfaultfd's write-protection, whose faults come as SIGBUS to the thread that wrote.
#include <csignal>

#include "arena/track/fault_tracker.h"
#include "arena/track/registry.h"
#include "arena/track/userfault.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

class Sigbus final : public FaultTracker {
 public:
  Sigbus(const Mapping& mapping, PageSet&& open, Userfault&& faults)
      : FaultTracker(mapping, std::move(open)), faults_(std::move(faults)) {}

  ~Sigbus() override {
    unwatch();
    if (mapping().is_here()) faults_.unwatch(bytes_of(all()));
  }
  Sigbus(const Sigbus&) = delete;
  Sigbus& operator=(const Sigbus&) = delete;

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::sigbus; }

  Result<void> register_memory() { return faults_.watch(bytes_of(all())); }

 private:
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override {
    return {mapping().pages(), 1};
  }
  PageRun open_up(PageRun run) noexcept override {
    return faults_.open_up(bytes_of(run)) ? run : PageRun{run.first, run.first};
  }
  Result<void> close(PageRun run) noexcept override { return faults_.protect(bytes_of(run)); }

  // Memory that was moved away and back is watched no more, and may have been written meanwhile.
  // Whether it is shows when a page of it is protected as it is already.
  Result<void> look() override {
    return mapping().for_each_protection([&](PageRun run, int) -> Result<void> {
      const PageRun page{run.first, run.first + 1};
      const bool watched =
          open().has(page.first) ? faults_.open_up(bytes_of(page)) : close(page).has_value();
      if (watched) return {};
      open().add(run);
      return faults_.watch(bytes_of(run));
    });
  }

  // Protecting all goes through every entry, whether it is protected or not.
  double cost_of_closing(std::uint64_t runs) const noexcept override {
    return 900.0 * static_cast<double>(runs);
  }
  double cost_of_closing_all() const noexcept override {
    return 76.0 * static_cast<double>(mapping().pages());
  }

  Userfault faults_;
};

Result<OwnedTracker> make_sigbus(const Mapping& mapping) {
  auto faults = Userfault::open(Userfault::Mode::signal);
  if (!faults) return tl::unexpected(faults.error());
  auto open = PageSet::create(mapping.pages());
  if (!open) return tl::unexpected(open.error());
  auto made = sync::make_owned<Sigbus>(mapping, std::move(*open), std::move(*faults));
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  if (auto done = made->register_memory(); !done) return tl::unexpected(done.error());
  if (auto done = made->watch(SIGBUS); !done) return tl::unexpected(done.error());
  return made;
}

}  // namespace

const TrackerKind kSigbus{.tracking = Tracking::sigbus,
                          .name = "sigbus",
                          .signal = SIGBUS,
                          .notices = true,
                          .make = make_sigbus,
                          .probe = nullptr};

}  // namespace cleave::detail
