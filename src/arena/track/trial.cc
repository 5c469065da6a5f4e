#include "arena/track/trial.h"

#include <csignal>

#include "arena/track/blocked_signal.h"
#include "arena/track/resumed.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;
Result<Trial> Trial::of(const TrackerKind& kind) {
  auto made = Mapping::create(kPages, nullptr);
  if (!made) return tl::unexpected(made.error());
  auto mapping = sync::make_owned<Mapping>(std::move(*made));
  if (mapping == nullptr) return tl::unexpected(no_memory_for_tracker());
  auto changed = PageSet::create(kPages);
  if (!changed) return tl::unexpected(changed.error());
  auto tracker = kind.make(*mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  return Trial(kind, std::move(mapping), std::move(*changed), std::move(*tracker));
}

void Trial::write(std::uint64_t page) {
  if (!kind_.notices) tracker_->mark_dirty({page, page + 1});
  // Another value each time: a tracker may go by contents.
  auto* byte = reinterpret_cast<volatile unsigned char*>(at(page));
  *byte = static_cast<unsigned char>(*byte + 1);
}

Result<void> Trial::collect() {
  changed_.clear();
  return tracker_->collect({0, kPages}, changed_);
}

// Asked first: whatever else is tried, this process may not survive it.
Result<void> Trial::run() {
  if (kind_.signal != 0 && !resumes_with_its_registers(at(2))) {
    return fail(Errc::unsupported,
                "a thread loses its registers when a signal handler returns to it; valgrind needs "
                "--vex-iropt-register-updates=allregs-at-mem-access");
  }
  write(1);  // a page that has no memory yet
  write(3);
  if (auto done = collect(); !done) return done;
  if (!has(1) || !has(3)) return fail(Errc::unsupported, "a write was not noticed");
  if (auto done = collect(); !done) return done;
  // Once is no reason: a call that the kernel refuses has a tracker report more than was written.
  if (!changed_.empty()) {
    if (auto again = collect(); !again) return again;
  }
  if (!changed_.empty()) {
    return fail(Errc::unsupported, "an untouched page was reported as written");
  }
  write(3);  // and once more a page that was watched again
  if (auto done = collect(); !done) return done;
  if (!has(3)) return fail(Errc::unsupported, "a second write was not noticed");
  return kind_.probe == nullptr ? Result<void>{} : kind_.probe(*this);
}

Result<void> try_tracking(Tracking tracking) {
  if (tracking == Tracking::automatic) {
    const auto async = try_tracking(Tracking::async);
    // Short of something for the moment is not the same as without it.
    if (async || async.error().code != Errc::unsupported) return async;
    return try_tracking(Tracking::mprotect);
  }
  const TrackerKind& kind = tracker_kind(tracking);
  if (kind.signal != 0 && blocks(kind.signal)) {
    return fail(Errc::unsupported,
                kind.signal == SIGBUS
                    ? "this thread blocks SIGBUS, by which writes would be noticed; unblock it"
                    : "this thread blocks SIGSEGV, by which writes would be noticed; unblock it");
  }
  auto trial = Trial::of(kind);
  if (!trial) return tl::unexpected(trial.error());
  return trial->run();
}

}  // namespace cleave
