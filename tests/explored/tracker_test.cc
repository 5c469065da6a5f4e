// Tracking by faults, in every order; the kernel's side is played: pages that are closed to writers
// and open again.
#include <array>
#include <memory>

#include "arena/signals/front_handler.h"
#include "arena/track/fault_tracker.h"
#include "sync/mutex.h"
#include "tests/explored/scenes.h"

const char* cleave::name(Tracking /*tracking*/) noexcept { return "played"; }

// The signals' side: a writer that finds a page closed asks the tracker itself.
namespace cleave::detail {
Result<void> return_to_front(int /*signal*/) noexcept { return {}; }
Result<void> watch_faults(int /*signal*/, std::span<std::byte> /*range*/,
                          FaultWatcher& /*watcher*/) {
  return {};
}
void unwatch_faults(FaultWatcher& /*watcher*/) noexcept {}
}  // namespace cleave::detail

namespace lab::engine {
namespace {

using cleave::detail::FaultTracker;
using cleave::detail::HotPages;
using cleave::detail::Mapping;
using cleave::detail::PageRun;
using cleave::detail::PageSet;
using explore::Memory;
using explore::Outcome;

constexpr std::uint64_t kPages = 2;

// Only its addresses count here, and that it takes memory when it is asked to.
const Mapping& arena_memory() {
  static const Mapping made = must(Mapping::create(kPages, nullptr));
  return made;
}

// mprotect(2) changes protections with the lock of the process's memory held; a write looks at them
// without it.
class PlayedTracker final : public FaultTracker {
 public:
  PlayedTracker() : FaultTracker(arena_memory(), must(PageSet::create(kPages))) {}

  [[nodiscard]] bool is_closed(std::uint64_t page) const noexcept {
    return (closed_.load(sync::acquire) & mask({page, page + 1})) != 0;
  }
  [[nodiscard]] bool knows(std::uint64_t page) noexcept { return open().has(page); }
  void widen() { opens_neighbours_ = true; }

  [[nodiscard]] cleave::Tracking kind() const noexcept override {
    return cleave::Tracking::mprotect;
  }
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override { return {0, 1}; }

 private:
  static std::uint64_t mask(PageRun run) { return (1U << run.end) - (1U << run.first); }
  PageRun open_up(PageRun run) noexcept override {
    if (opens_neighbours_) run = all();
    const sync::Guard guard(lock_);
    closed_.store(closed_.load(sync::relaxed) & ~mask(run), sync::release);
    return run;
  }
  cleave::Result<void> close(PageRun run) noexcept override {
    const sync::Guard guard(lock_);
    closed_.store(closed_.load(sync::relaxed) | mask(run), sync::release);
    return {};
  }
  double cost_of_closing(std::uint64_t /*runs*/) const noexcept override { return 0; }
  double cost_of_closing_all() const noexcept override { return 1; }

  sync::mutex lock_;
  sync::atomic<std::uint64_t> closed_{0};
  bool opens_neighbours_ = false;
};

// A tracker whose pages are all closed, and what its arena's commits were told. Both lie in the
// run's memory, which ends with it.
struct TrackedRun {
  TrackedRun()
      : tracker(*sync::make<PlayedTracker>()),
        told(*sync::make<PageSet>(must(PageSet::create(kPages)))) {
    must(tracker.watch(0));
  }

  void write(std::uint64_t page) {
    while (tracker.is_closed(page))
      if (!tracker.fault(arena_memory().native(page))) refused = true;
    written[page] = true;
  }
  void commit() {
    told.clear();
    must(tracker.collect({0, kPages}, told));
    for (std::uint64_t page = 0; page < kPages; ++page) {
      missed = missed || (written[page] && !told.has(page));
      written[page] = false;
    }
  }
  const char* wrong() {
    for (std::uint64_t page = 0; page < kPages; ++page)
      if (!tracker.is_closed(page) && !tracker.knows(page)) return "a page is open and unknown";
    commit();
    if (missed) return "a commit was not told of a page that had been written";
    return refused ? "a fault was passed on that was the tracker's" : "";
  }

  PlayedTracker& tracker;
  PageSet& told;
  std::array<bool, kPages> written{};  // since the last commit; each page by one thread at a time
  bool missed = false;
  bool refused = false;
};
using Run = std::shared_ptr<std::unique_ptr<TrackedRun>>;

Script of_threads(std::vector<Part> (*threads)(TrackedRun&)) {
  Run run = std::make_shared<std::unique_ptr<TrackedRun>>();
  return {[run](Stage&) { *run = std::make_unique<TrackedRun>(); },
          [run, threads](Stage&) { return threads(**run); },
          [run](Stage&, Outcome& outcome) -> std::string {
            TrackedRun& all = **run;
            const char* const wrong = all.wrong();
            outcome.note("exact", static_cast<std::uint64_t>(all.tracker.is_exact()));
            sync::destroy(&all.tracker);
            sync::destroy(&all.told);
            return wrong;
          }};
}

Script two_writers_of_a_page() {
  return of_threads([](TrackedRun& run) -> std::vector<Part> {
    return {{"one", [&run] { run.write(0); }}, {"other", [&run] { run.write(0); }}};
  });
}

// The first fault opens the second page, too, and its writer may come before that is noted.
Script writers_of_pages_that_open_together() {
  return of_threads([](TrackedRun& run) -> std::vector<Part> {
    run.tracker.widen();
    return {{"one", [&run] { run.write(0); }}, {"other", [&run] { run.write(1); }}};
  });
}

// A handler of others is about to run with the signal blocked, in a thread that does not touch the
// arena: so it needs not rest while another commits.
Script commits_while_all_is_opened() {
  return of_threads([](TrackedRun& run) -> std::vector<Part> {
    return {{"open all", [&run] { run.tracker.open_all(); }}, {"commit", [&run] {
                                                                 run.commit();
                                                                 run.write(0);
                                                                 run.commit();
                                                               }}};
  });
}

// The same, small enough for release and acquire, where a load may find any of several values.
Script commit_while_a_page_is_opened() {
  return of_threads([](TrackedRun& run) -> std::vector<Part> {
    return {{"mark dirty",
             [&run] {
               run.tracker.mark_dirty({0, 1});
             }},
            {"commit", [&run] {
               run.commit();
               run.write(0);
             }}};
  });
}

class ExploredTracker : public testing::Test {
 protected:
  static void SetUpTestSuite() { (void)arena_memory(); }  // outside of all runs
};

TEST_F(ExploredTracker, TellsOfAPageThatTwoThreadsWrite) {
  expect_nothing_breaks(&two_writers_of_a_page);
}
TEST_F(ExploredTracker, TellsOfPagesThatAFaultOpensBesideItsOwn) {
  expect_nothing_breaks(&writers_of_pages_that_open_together);
}
TEST_F(ExploredTracker, TellsOfWritesWhileAnotherThreadHasAllOpened) {
  expect_nothing_breaks(&commits_while_all_is_opened);
}
TEST_F(ExploredTracker, TellsOfThemUnderReleaseAndAcquireToo) {
  for (const Scripts scripts : {&two_writers_of_a_page, &writers_of_pages_that_open_together,
                                &commit_while_a_page_is_opened}) {
    EXPECT_EQ(first_failure(all_orders(scripts, Memory::ra)), "");
  }
}
TEST_F(ExploredTracker, MissesTheCountOfThoseWhoOpenPages) {
  expect_missed("tracker.opening", &commits_while_all_is_opened, Memory::sc);
}

}  // namespace
}  // namespace lab::engine
