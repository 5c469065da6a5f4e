// Tracking by the program's own word.
#include "arena/track/registry.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

class Software final : public Tracker {
 public:
  explicit Software(PageSet&& told) : told_(std::move(told)) {}

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::software; }

  Result<void> collect(PageRun within, PageSet& changed) override {
    told_.move(within, changed);
    return {};
  }

  void mark_dirty(PageRun run) noexcept override { told_.add(run); }
  // No write costs anything, and each is told of.
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override { return {0, 0}; }

 private:
  PageSet told_;
};

Result<OwnedTracker> make_software(const Mapping& mapping) {
  auto told = PageSet::create(mapping.pages());
  if (!told) return tl::unexpected(told.error());
  auto made = sync::make_owned<Software>(std::move(*told));
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  return made;
}

}  // namespace

const TrackerKind kSoftware{.tracking = Tracking::software,
                            .name = "software",
                            .signal = 0,
                            .notices = false,
                            .make = make_software,
                            .probe = nullptr};

}  // namespace cleave::detail
