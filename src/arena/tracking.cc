#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include <cleave/tracking.h>

#include "arena/tracker.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;
namespace {

constexpr std::array kNames = {"automatic", "async", "sigbus", "mprotect", "software"};

/// A pipe with a byte in it, for read(2) into tracked memory.
class PipeWithAByte {
 public:
  PipeWithAByte() {
    if (pipe2(ends_.data(), O_CLOEXEC) == 0) full_ = write(ends_[1], "x", 1) == 1;
  }
  ~PipeWithAByte() {
    for (const int end : ends_) {
      if (end >= 0) (void)close(end);
    }
  }
  PipeWithAByte(const PipeWithAByte&) = delete;
  PipeWithAByte& operator=(const PipeWithAByte&) = delete;
  /// Whether read(2) could write to `into`.
  bool read_into(std::byte* into) { return full_ && read(ends_[0], into, 1) == 1; }

 private:
  std::array<int, 2> ends_{-1, -1};
  bool full_ = false;
};

// On Linux the mask is the calling thread's.
bool is_blocked(int signal) {
  sigset_t blocked;
  return sigprocmask(SIG_SETMASK, nullptr, &blocked) == 0 && sigismember(&blocked, signal) == 1;
}

/// A few pages under a tracker.
struct Trial {
  static constexpr std::uint64_t kPages = 16;
  Mapping mapping;
  PageSet changed;
  std::unique_ptr<Tracker> tracker;

  // Said beforehand only where nothing else tells: what is said counts as written, noticed or not.
  void write(std::uint64_t page) {
    if (tracker->kind() == Tracking::software) tracker->mark_dirty({page, page + 1});
    *static_cast<volatile std::byte*>(mapping.native(page)) = std::byte{1};
  }
  Result<void> collect() {
    changed.clear();
    return tracker->collect({0, kPages}, changed);
  }
};

Result<void> run(Trial& trial, Tracking tracking) {
  trial.write(1);  // a page that has no memory yet
  trial.write(3);
  if (auto done = trial.collect(); !done) return done;
  if (!trial.changed.has(1) || !trial.changed.has(3)) {
    return fail(Errc::unsupported, "a write was not noticed");
  }
  if (auto done = trial.collect(); !done) return done;
  if (!trial.changed.empty()) return fail(Errc::unsupported, "pages do not come to rest");
  trial.write(3);  // and once more a page that was watched again
  if (tracking == Tracking::async) {
    // As if memory had become scarce: the page goes, and its entry with the mark in it.
    trial.write(9);
    (void)madvise(trial.mapping.native(9), kPageSize, MADV_DONTNEED);
    PipeWithAByte pipe;
    if (!pipe.read_into(trial.mapping.native(5))) {
      return fail(Errc::unsupported, "a system call cannot write to tracked memory", {}, errno);
    }
  }
  if (auto done = trial.collect(); !done) return done;
  if (!trial.changed.has(3)) return fail(Errc::unsupported, "a second write was not noticed");
  if (tracking == Tracking::async && !trial.changed.has(5)) {
    return fail(Errc::unsupported, "a system call's write was not noticed");
  }
  if (tracking == Tracking::async && !trial.changed.has(9)) {
    return fail(Errc::unsupported, "a write was forgotten when the page was reclaimed");
  }
  return {};
}

}  // namespace

const char* name(Tracking tracking) noexcept { return kNames[static_cast<std::size_t>(tracking)]; }

std::optional<Tracking> tracking_named(std::string_view wanted) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (wanted == kNames[i]) return static_cast<Tracking>(i);
  }
  return std::nullopt;
}

Result<std::unique_ptr<Tracker>> detail::track(Tracking tracking, const Mapping& mapping) {
  switch (tracking) {
    case Tracking::async:
      return track_async(mapping);
    case Tracking::sigbus:
      return track_sigbus(mapping);
    case Tracking::mprotect:
      return track_mprotect(mapping);
    case Tracking::software:
      return track_software(mapping);
    case Tracking::automatic:
      break;
  }
  return track_adaptive(mapping);
}

Result<void> try_tracking(Tracking tracking) {
  if (tracking == Tracking::automatic) {
    if (try_tracking(Tracking::async)) return {};
    return try_tracking(Tracking::mprotect);
  }
  // A blocked SIGSEGV or SIGBUS that an access raises ends the process.
  if (tracking == Tracking::sigbus && is_blocked(SIGBUS)) {
    return fail(Errc::unsupported, "this thread blocks SIGBUS");
  }
  if (tracking == Tracking::mprotect && is_blocked(SIGSEGV)) {
    return fail(Errc::unsupported, "this thread blocks SIGSEGV");
  }
  auto mapping = Mapping::create(Trial::kPages, nullptr);
  if (!mapping) return tl::unexpected(mapping.error());
  auto changed = PageSet::create(Trial::kPages);
  if (!changed) return tl::unexpected(changed.error());
  Trial trial{std::move(*mapping), std::move(*changed), nullptr};
  auto tracker = track(tracking, trial.mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  trial.tracker = std::move(*tracker);
  return run(trial, tracking);
}

}  // namespace cleave
