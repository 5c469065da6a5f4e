#include "arena/track/registry.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace cleave {
using namespace detail;
namespace {

// In the order of the enumerators of Tracking.
constexpr std::array kKinds = {&kAdaptive, &kAsync, &kSigbus, &kMprotect, &kSoftware};
constexpr std::array kTrackings = {Tracking::async, Tracking::sigbus, Tracking::mprotect,
                                   Tracking::software};
static_assert(kTrackings.size() + 1 == kKinds.size(), "all but automatic");

}  // namespace

const TrackerKind& detail::tracker_kind(Tracking tracking) noexcept {
  const TrackerKind& kind = *kKinds[static_cast<std::size_t>(tracking)];
  CLEAVE_CHECK(kind.tracking == tracking, "the registry of trackers is out of order");
  return kind;
}

Result<OwnedTracker> detail::make_tracker(Tracking tracking, const Mapping& mapping) {
  return tracker_kind(tracking).make(mapping);
}

std::span<const Tracking> trackings() noexcept { return kTrackings; }

const char* name(Tracking tracking) noexcept { return tracker_kind(tracking).name; }

std::optional<Tracking> tracking_named(std::string_view wanted) noexcept {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [wanted](const TrackerKind* kind) {
    return kind->name == wanted;
  });
  if (found == kKinds.end()) return std::nullopt;
  return (*found)->tracking;
}

}  // namespace cleave
