#include "arena/track/choice.h"

#include <utility>

#include "arena/track/registry.h"
#include "base/fail.h"

namespace cleave::detail {

namespace {

Result<Choice> made(Tracking tracking, const Mapping& mapping, const char* why,
                    std::optional<Error> missing = std::nullopt) {
  auto tracker = make_tracker(tracking, mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  return Choice{std::move(*tracker), why, missing};
}

// What works for the arena that this one joins works for this one, unless it hangs on the thread.
bool is_in_use(const ArenaOptions& options) {
  return options.joins != nullptr && tracker_kind(options.tracking).signal == 0 &&
         options.joins->statistics().tracking == options.tracking;
}

}  // namespace

Result<Choice> choose_tracker(const ArenaOptions& options, const Mapping& mapping) {
  if (options.tracking != Tracking::automatic) {
    const auto works = is_in_use(options) ? Result<void>{} : try_tracking(options.tracking);
    if (!works) return tl::unexpected(works.error());
    return made(options.tracking, mapping, "asked for");
  }
  const auto async = try_tracking(Tracking::async);
  const auto is_short = [](const Result<void>& tried) {
    return !tried && tried.error().code != Errc::unsupported;
  };
  if (is_short(async)) return tl::unexpected(async.error());
  if (async && !options.system_calls_write) {
    const auto sigbus = try_tracking(Tracking::sigbus);
    if (is_short(sigbus)) return tl::unexpected(sigbus.error());
    if (sigbus) {
      return made(Tracking::automatic, mapping,
                  "both async and sigbus work: the cheaper of the two");
    }
  }
  if (async) return made(Tracking::async, mapping, "async works here");
  if (auto works = try_tracking(Tracking::mprotect); !works) return tl::unexpected(works.error());
  return made(Tracking::mprotect, mapping, "async does not work here", async.error());
}

Result<Choice> choose_late_tracker(const ArenaOptions& options, const Mapping& mapping) {
  if (options.tracking != Tracking::automatic && options.tracking != Tracking::async) {
    return fail(Errc::unsupported,
                "pages that come when they are touched need tracking by async; leave it to "
                "`automatic`, or restore all of them at once");
  }
  if (auto works = try_tracking(Tracking::async); !works) return tl::unexpected(works.error());
  auto tracker = make_late_tracker(mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  return Choice{std::move(*tracker), "pages that come when they are touched need async", {}};
}

std::string Choice::reason() const {
  if (!missing) return why;
  return std::string(why) + " (" + missing->message() + ")";
}

}  // namespace cleave::detail
