// What the modes cost that catch a program's mistakes: a commit of nothing, with and without.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/benchmarks.h"
#include "bench/arena/touched_arena.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

// Threads that sleep outside of the arena, as most of a program's do.
class Sleepers {
 public:
  explicit Sleepers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        std::unique_lock held(lock_);
        ended_.wait(held, [this] { return over_; });
      });
    }
  }
  ~Sleepers() {
    {
      const std::lock_guard held(lock_);
      over_ = true;
    }
    ended_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;

 private:
  std::mutex lock_;
  std::condition_variable ended_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

double commit_nothing(Arena& arena) {
  return median_of_batches(
      5, [&] { return measure::processor_nanoseconds_for([&] { (void)must(arena.commit()); }); });
}

// A share of what `options` add, if there are `shares`.
Row beside_none(const std::string& name, const Extent& extent, ArenaOptions options, double shares,
                const char* share, const Settings& settings) {
  TouchedArena watched(extent, options, 0);
  TouchedArena plain(extent, {.tracking = options.tracking}, 0);
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return commit_nothing(watched.arena); },
      [&] { return commit_nothing(plain.arena); });
  Row row{.name = name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the same commit without it",
          .theirs = theirs};
  row.details[share] = (ours.median() - theirs.median()) / shares;
  return row;
}

std::vector<Row> of_a_mode(const std::string& mode, ArenaOptions options,
                           const Settings& settings) {
  const Extent extent{settings.quick ? 64_MiB : 1_GiB};
  const auto gib = static_cast<double>(extent.mapped.value) / static_cast<double>((1_GiB).value);
  std::vector<Row> rows;
  for (const Tracking tracking : {Tracking::async, Tracking::sigbus, Tracking::software}) {
    options.tracking = tracking;
    if (!try_tracking(tracking)) continue;
    rows.push_back(beside_none("debugging/" + mode + "/" + cleave::name(tracking), extent, options,
                               gib, "ns_per_GiB", settings));
  }
  return rows;
}

std::vector<Row> of_waiters(const Settings& settings) {
  constexpr std::size_t kThreads = 100;
  const Sleepers sleepers(kThreads);
  return {beside_none("debugging/waiters", Extent{1_MiB},
                      {.tracking = Tracking::software, .catch_waiters = true}, kThreads,
                      "ns_per_thread", settings)};
}

}  // namespace

std::vector<Benchmark> arena_debugging_benchmarks() {
  return {
      {"debugging/writers", "a commit of nothing that catches writers",
       [](const Settings& settings) {
         return of_a_mode("writers", {.catch_writers = true}, settings);
       }},
      {"debugging/unseen", "a commit of nothing that compares all pages",
       [](const Settings& settings) {
         return of_a_mode("unseen", {.catch_unseen = true}, settings);
       }},
      {"debugging/waiters", "a commit of nothing that looks at 100 sleeping threads", of_waiters},
  };
}

}  // namespace cleave::bench
