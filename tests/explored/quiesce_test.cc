// Workers, and threads that stop them, in every order.
#include <memory>

#include <cleave/quiesce.h>

#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using cleave::Quiesce;
using explore::Memory;
using explore::Outcome;

// The arena, as far as the threads' promise goes: a worker changes two words of it, and who has
// stopped the workers finds both as they belong together.
struct WorkersOfARun {
  explicit WorkersOfARun(Stage& s)
      : quiesce(*new (s.adapter.allocate(sizeof(Quiesce), 64)) Quiesce) {}

  Quiesce& quiesce;
  // A worker's own part of the arena.
  struct Words {
    explore::Shared<int> one{"one"};
    explore::Shared<int> other{"other"};
  };
  std::array<Words, 2> parts;
  bool torn = false;
  int stops = 0;

  void work(std::size_t part = 0) {
    explore::put("one", parts[part].one, one_more_than(parts[part].one));
    explore::put("other", parts[part].other, one_more_than(parts[part].other));
  }
  void commit() {
    for (const Words& part : parts) {
      const int first = explore::look("one", [&] { return part.one.read(); });
      const int second = explore::look("other", [&] { return part.other.read(); });
      torn = torn || first != second;
    }
    ++stops;
  }
  static int one_more_than(const explore::Shared<int>& word) {
    return 1 + explore::look("word", [&] { return word.read(); });
  }
};
using WorkersRun = std::shared_ptr<std::unique_ptr<WorkersOfARun>>;

Script of_threads(std::vector<Part> (*threads)(WorkersOfARun&)) {
  WorkersRun run = std::make_shared<std::unique_ptr<WorkersOfARun>>();
  return {[run](Stage& s) { *run = std::make_unique<WorkersOfARun>(s); },
          [run, threads](Stage&) { return threads(**run); },
          [run](Stage& s, Outcome& outcome) -> std::string {
            outcome.note("stops", static_cast<std::uint64_t>((*run)->stops));
            const bool torn = (*run)->torn;
            s.adapter.deallocate(&(*run)->quiesce);
            return torn ? "a commit saw half of what a worker did" : "";
          }};
}

Script stop_against_a_worker() {
  return of_threads([](WorkersOfARun& run) -> std::vector<Part> {
    return {{"worker",
             [&run] {
               Quiesce::Worker worker(run.quiesce);
               run.work();
               worker.pause_point();
               run.work();
             }},
            {"stop", [&run] {
               const auto stopped = run.quiesce.stop();
               run.commit();
             }}};
  });
}

Script two_stops_against_a_worker() {
  return of_threads([](WorkersOfARun& run) -> std::vector<Part> {
    const auto stop = [&run] {
      const auto stopped = run.quiesce.stop();
      run.work();  // a checkout changes the arena, too
    };
    return {{"worker",
             [&run] {
               Quiesce::Worker worker(run.quiesce);
               run.work();
             }},
            {"stop", stop},
            {"stop", stop}};
  });
}

// A worker that stops the others counts as standing; two do so at once.
Script workers_that_stop_each_other() {
  return of_threads([](WorkersOfARun& run) -> std::vector<Part> {
    const auto calls = [&run](std::size_t part) {
      Quiesce::Worker worker(run.quiesce);
      run.work(part);
      const auto stopped = run.quiesce.stop(worker);
      run.commit();
    };
    return {{"worker", [calls] { calls(0); }}, {"worker", [calls] { calls(1); }}};
  });
}

// A stop does not wait for a worker that is away, and that one waits for its end to come back.
Script stop_against_one_that_is_away() {
  return of_threads([](WorkersOfARun& run) -> std::vector<Part> {
    return {{"worker",
             [&run] {
               Quiesce::Worker worker(run.quiesce);
               { const Quiesce::Worker::Away away(worker); }
               run.work();
             }},
            {"stop", [&run] {
               const auto stopped = run.quiesce.stop();
               run.commit();
             }}};
  });
}

TEST(ExploredQuiesce, StopsAWorkerAtItsPausePoints) {
  expect_nothing_breaks(&stop_against_a_worker);
}
TEST(ExploredQuiesce, LetsOneThreadStopAtATime) {
  expect_nothing_breaks(&two_stops_against_a_worker);
}
TEST(ExploredQuiesce, LetsWorkersStopEachOther) {
  expect_nothing_breaks(&workers_that_stop_each_other);
}
TEST(ExploredQuiesce, WaitsForNoneThatIsAway) {
  expect_nothing_breaks(&stop_against_one_that_is_away);
}

TEST(ExploredQuiesce, MissesItsSecondLookAndItsWait) {
  for (const Scripts scene : {&stop_against_a_worker, &stop_against_one_that_is_away}) {
    expect_missed("quiesce.stopping", scene, Memory::sc);
    expect_missed("quiesce.working", scene, Memory::sc);
  }
}

}  // namespace
}  // namespace lab::engine
