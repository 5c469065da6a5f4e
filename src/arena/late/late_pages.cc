#include "arena/late/late_pages.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "arena/memory/readable.h"
#include "arena/signals/front_handler.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "base/refusal.h"
#include "space/snapshot_state.h"
#include "table/diff.h"

namespace cleave::detail {
namespace {

constexpr Refusals kPut =
    CLEAVE_REFUSALS("ioctl(UFFDIO_COPY)", "the kernel does not put a page of the arena in place");

/// Gaps up to so many pages are watched with what lies around them, and wider ones where there
/// would be more runs than that: each is up to four mappings of those that a process may have.
constexpr std::uint64_t kSmallGap = 16;
constexpr std::size_t kMostRuns = 2048;

alignas(kPageSize) constexpr std::array<std::byte, kPageSize> kZeroes{};

}  // namespace

Result<sync::Owned<LatePages>> LatePages::create(Mapping& mapping, const Snapshot& from,
                                                 std::string_view name,
                                                 std::chrono::milliseconds patience) {
  auto missing = PageSet::create(mapping.pages());
  if (!missing) return tl::unexpected(missing.error());
  auto asked = PageSet::create(mapping.pages());
  if (!asked) return tl::unexpected(asked.error());
  auto taken = PageSet::create(mapping.pages());
  if (!taken) return tl::unexpected(taken.error());
  auto failed = PageSet::create(mapping.pages());
  if (!failed) return tl::unexpected(failed.error());
  auto faults = Userfault::open(Userfault::Mode::late);
  if (!faults) return tl::unexpected(faults.error());
  auto made = sync::make_owned<LatePages>(mapping, from, std::move(*missing), std::move(*asked),
                                          std::move(*taken), std::move(*failed), std::move(*faults),
                                          patience);
  if (made == nullptr) return fail(Errc::no_memory, "out of memory restoring an arena");
  if (auto begun = made->begin(name); !begun) return tl::unexpected(begun.error());
  return made;
}

LatePages::LatePages(Mapping& mapping, const Snapshot& from, PageSet&& missing, PageSet&& asked,
                     PageSet&& taken, PageSet&& failed, Userfault&& faults,
                     std::chrono::milliseconds patience)
    : mapping_(mapping),
      from_(from),
      patience_(patience),
      faults_(std::move(faults)),
      missing_(std::move(missing)),
      asked_(std::move(asked)),
      taken_(std::move(taken)),
      failed_(std::move(failed)) {}

LatePages::~LatePages() {
  if (mapping_.is_here()) stop();
  unwatch_faults(*this);
}

std::uint64_t LatePages::page_at(const std::byte* address) const noexcept {
  const auto in = [&](const std::byte* view) {
    return (reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(view)) /
           kPageSize;
  };
  const std::uint64_t page = in(mapping_.native());
  return page < mapping_.pages() ? page : in(mapping_.alias(0));
}

PageNo LatePages::number_of(std::uint64_t page) const noexcept {
  return page_of(Address{reinterpret_cast<std::uintptr_t>(mapping_.native(page))});
}

// The thread first: a new one may have to wait for a processor, and has one meanwhile.
Result<void> LatePages::begin(std::string_view name) {
  if (auto started = start(); !started) return started;
  std::uint64_t count = 0;
  diff(Entry::absent, HandleAccess::state(from_).table.root(), [&](PageRange present) {
    const PageRun run{present.first - number_of(0), present.end - number_of(0)};
    missing_.add(run);
    count += run.pages();
  });
  left_.store(count, sync::relaxed);
  return sync::or_no_memory("out of memory restoring an arena", [&]() -> Result<void> {
    name_.assign(name.begin(), name.end());
    if (auto watched = watch_missing(); !watched) return watched;
    for (std::byte* view : {mapping_.native(), mapping_.alias(0)}) {
      auto watched = watch_faults(SIGBUS, {view, mapping_.bytes()}, *this);
      if (!watched) return watched;
    }
    return {};
  });
}

void LatePages::find_runs_to_watch() {
  for (std::uint64_t gap = kSmallGap;; gap *= 4) {
    watched_.clear();
    (void)missing_.for_each_run([&](PageRun run) -> Result<void> {
      if (!watched_.empty() && run.first - watched_.back().end <= gap) {
        watched_.back().end = run.end;
      } else {
        watched_.push_back(run);
      }
      return {};
    });
    if (watched_.size() <= kMostRuns) return;
  }
}

// The alias as well: a look there gives a hole memory, and then it is zeroes in both. We look at no
// page that is missing, but mlockall(2) does. What has memory already has it from
// mlockall(MCL_FUTURE), since nobody knows the arena yet.
Result<void> LatePages::watch_missing() {
  find_runs_to_watch();
  for (const PageRun run : watched_) {
    const std::size_t bytes = run.pages() * kPageSize;
    auto watched = faults_.watch_missing({mapping_.native(run.first), bytes});
    if (watched) watched = faults_.watch_only_missing({mapping_.alias(run.first), bytes});
    if (!watched) return watched;
  }
  if (ResidentRanges(mapping_).first_in(all()).pages() == 0 || mapping_.punch(all())) return {};
  return fail(Errc::unsupported,
              "the kernel gives an arena's memory away before it is used, and does not take it "
              "back; restore all of it at once");
}

bool LatePages::is_watched(std::uint64_t page) const noexcept {
  const auto after = std::ranges::upper_bound(watched_, page, {}, &PageRun::first);
  return after != watched_.begin() && page < (after - 1)->end;
}

// Looked at without a lock: a store may take its time. Two threads may look at one page; the kernel
// takes it from the first.
Result<bool> LatePages::put(std::uint64_t page) {
  if (!is_missing(page)) return false;
  const auto look = HandleAccess::state(from_).look(number_of(page));
  if (!look) return tl::unexpected(look.error());
  {
    const sync::Guard guard(putting_);
    if (!is_missing(page)) return false;
    const int why = faults_.put(mapping_.native(page), look->bytes());
    if (why != 0 && why != EEXIST) return refused(kPut, why);
    missing_.remove({page, page + 1});
    left_.sub(1, sync::relaxed);
  }
  announce();
  return true;
}

int LatePages::put_zeroes(std::uint64_t page) noexcept {
  return faults_.put(mapping_.native(page), kZeroes.data());
}

Result<std::uint64_t> LatePages::fetch(PageRun run) {
  std::uint64_t came = 0;
  if (is_over_.load(sync::relaxed)) return came;
  for (std::uint64_t page = run.first; page < run.end; ++page) {
    auto done = put(page);
    if (!done) {
      Error error = done.error();
      error.where = address_of(number_of(page));
      return tl::unexpected(error);
    }
    came += *done ? 1 : 0;
    if (!*done && is_watched(page)) (void)put_zeroes(page);
  }
  return came;
}

Result<void> LatePages::collect(Tracker& tracker, PageRun within, PageSet& changed) {
  if (is_over_.load(sync::relaxed)) return tracker.collect(within, changed);
  if (auto front = return_to_front(SIGBUS); !front) return front;
  {
    const sync::Guard guard(putting_);
    auto collected = tracker.collect(within, changed);
    (void)missing_.for_each_run(within, [&](PageRun run) -> Result<void> {
      changed.remove(run);
      return {};
    });
    if (!collected) return collected;
  }
  return within == all() && left() == 0 ? end(tracker) : Result<void>{};
}

// The handler and our thread stay until the arena ends: there is nothing for them to do.
Result<void> LatePages::end(Tracker& tracker) {
  if (auto done = tracker.all_have_come(); !done) return done;
  faults_.unwatch({mapping_.alias(0), mapping_.bytes()});
  is_over_.store(true, sync::relaxed);
  return {};
}

// What is not missing is a hole, or has come since; or the fault is none of ours.
bool LatePages::fault(std::byte* address) noexcept {
  if (!mapping_.is_here()) return false;
  const std::uint64_t page = page_at(address);
  if (!is_missing(page)) {
    const int why = put_zeroes(page);
    return why == 0 || (why == EEXIST && can_be_read(mapping_.native(page)));
  }
  const Answer answer = wait_for(page);
  if (answer != Answer::here) say_why(address, answer);
  return answer == Answer::here;
}

}  // namespace cleave::detail
