// Frames that threads take and give back, while another gives memory back to the kernel or asks for
// more, in every order.
#include <memory>
#include <vector>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using cleave::FrameId;
using cleave::detail::FrameChain;
using cleave::detail::Frames;
using cleave::detail::HandleAccess;
using explore::Memory;
using explore::Outcome;

Frames& frames(Stage& s) { return HandleAccess::state(*s.pool); }

// What threads have in hand at the end.
struct PoolOfARun {
  std::vector<FrameId> taken[3];
  bool refused[3] = {};

  void take(Stage& s, std::size_t thread) {
    const auto frame = frames(s).take();
    refused[thread] = !frame;
    if (frame) taken[thread].push_back(frame->frame);
  }
  void give(Stage& s, FrameId frame) {
    FrameChain chain;
    give(s, frame, chain);
    frames(s).give(chain);
  }
  void give(Stage& s, FrameId frame, FrameChain& chain) {
    (void)frames(s).state(frame).drop();
    chain.push(frame, frames(s).links());
  }
  void give_last(Stage& s, std::size_t thread) {
    if (taken[thread].empty()) return;
    give(s, taken[thread].back());
    taken[thread].pop_back();
  }
};
using PoolRun = std::shared_ptr<PoolOfARun>;

// A pool of so many frames that all have been handed out, of which some came back.
PoolRun all_used(Stage& s, std::uint64_t budget, std::size_t free, const PoolRun& run) {
  s.pool.emplace(must(cleave::Pool::create(budget * cleave::kPageSize)));
  s.adapter.watch(&frames(s));
  for (std::uint64_t i = 0; i < budget; ++i) run->take(s, 0);
  for (std::size_t i = 0; i < free; ++i) run->give_last(s, 0);
  return run;
}

// No frame went twice, none is lost, and the pool counts right.
std::string look_at(Stage& s, const PoolRun& run, Outcome& outcome) {
  std::vector<bool> seen(frames(s).file().slots());
  std::uint64_t used = 0;
  for (const auto& of_thread : run->taken) {
    for (const FrameId frame : of_thread) {
      if (seen[raw(frame)]) return "a frame went twice";
      seen[raw(frame)] = true;
      ++used;
    }
  }
  const cleave::PoolStatistics counted = frames(s).statistics();
  if (counted.used != used) return "the pool counts other frames in use than there are";
  if (counted.used + counted.free + counted.returned + counted.ready + counted.untouched !=
      counted.budget)
    return "a frame is lost";
  outcome.note("returned", counted.returned);
  for (const bool refused : run->refused)
    if (refused) return "a take found no frame, and there was one";
  // Each of those left can be taken, once.
  for (std::uint64_t i = used; i < counted.budget; ++i) {
    const auto frame = frames(s).take();
    if (!frame || seen[raw(frame->frame)]) return "the free frames are not those that are left";
    seen[raw(frame->frame)] = true;
    run->taken[0].push_back(frame->frame);
  }
  for (auto& of_thread : run->taken) {
    for (const FrameId frame : of_thread) run->give(s, frame);
    of_thread.clear();
  }
  return "";
}

Script of_threads(std::uint64_t budget, std::size_t free,
                  std::vector<Part> (*threads)(Stage&, const PoolRun&)) {
  PoolRun run = std::make_shared<PoolOfARun>();
  return {[=](Stage& s) { all_used(s, budget, free, run); },
          [run, threads](Stage& s) { return threads(s, run); },
          [run](Stage& s, Outcome& outcome) { return look_at(s, run, outcome); }};
}

Script trim_against_takes() {
  return of_threads(3, 2, [](Stage& s, const PoolRun& run) -> std::vector<Part> {
    return {{"trim", [&s] { (void)must(frames(s).trim()); }},
            {"take", [&s, run] { run->take(s, 1); }}};
  });
}

Script trim_against_a_take_and_a_give() {
  return of_threads(3, 1, [](Stage& s, const PoolRun& run) -> std::vector<Part> {
    return {{"trim", [&s] { (void)must(frames(s).trim()); }},
            {"take", [&s, run] { run->take(s, 1); }},
            {"give", [&s, run] { run->give_last(s, 0); }}};
  });
}

// Memory that was given back is asked for again, and the frame is in nobody's list meanwhile.
Script reserve_against_a_take() {
  Script script = of_threads(3, 2, [](Stage& s, const PoolRun& run) -> std::vector<Part> {
    // The other may have one of the two already.
    return {{"reserve", [&s] { (void)frames(s).reserve(2); }},
            {"take", [&s, run] { run->take(s, 1); }}};
  });
  script.set_up = [before = script.set_up](Stage& s) {
    before(s);
    (void)must(frames(s).trim());
  };
  return script;
}

// A thread looks at the first free frame and the next; another takes both and gives back the first.
Script takes_and_a_give() {
  return of_threads(3, 3, [](Stage& s, const PoolRun& run) -> std::vector<Part> {
    return {{"take", [&s, run] { run->take(s, 1); }}, {"take two, give one", [&s, run] {
                                                         run->take(s, 2);
                                                         const FrameId first = run->taken[2].back();
                                                         run->take(s, 2);
                                                         run->give(s, first);
                                                         std::erase(run->taken[2], first);
                                                       }}};
  });
}

TEST(ExploredPool, LosesNoFrameWhereATrimMeetsATake) { expect_nothing_breaks(&trim_against_takes); }
TEST(ExploredPool, LosesNoFrameWhereATrimMeetsATakeAndAGive) {
  expect_nothing_breaks(&trim_against_a_take_and_a_give);
}
TEST(ExploredPool, RefusesNoTakeWhereThePoolGrows) {
  expect_nothing_breaks(&reserve_against_a_take);
}
TEST(ExploredPool, HandsEachFrameToOneThread) { expect_nothing_breaks(&takes_and_a_give); }

TEST(ExploredPool, MissesItsTagAndItsSecondLook) {
  expect_missed("free_list.tag", &takes_and_a_give, Memory::sc);
  expect_missed("take.look_again", &reserve_against_a_take, Memory::sc);
}

}  // namespace
}  // namespace lab::engine
