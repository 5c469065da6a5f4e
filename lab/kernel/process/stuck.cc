#include "lab/kernel/process/stuck.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

using litmus::Word;

// Within the kernel, of a thread that sleeps there.
std::string sleeps_in(int thread) {
  std::ifstream file(fmt::format("/proc/{}/wchan", thread));
  std::string function;
  file >> function;
  return function;
}

// Nothing: it is gone.
std::optional<std::uint64_t> times_slept(int thread) {
  std::ifstream file(fmt::format("/proc/{}/status", thread));
  for (std::string word; file >> word;) {
    std::uint64_t times = 0;
    if (word == "voluntary_ctxt_switches:" && file >> times) return times;
  }
  return std::nullopt;
}

}  // namespace

bool StuckThreads::all() {
  auto now = look();
  const bool moved = !now || !first_ ||
                     !std::ranges::equal(*first_, *now, [&](const Place& then, const Place& place) {
                       return same(then, place);
                     });
  if (moved) {
    first_ = std::move(now);
    return false;
  }
  // Whoever sleeps in both looks, and has not gone to sleep again, slept in between. A label that
  // is not there in the second was not there in between. So all were stuck as the first look ended.
  return std::ranges::equal(*first_, *now, [&](const Place& then, const Place& place) {
    return hears_nothing(then, place);
  });
}

std::optional<std::vector<StuckThreads::Place>> StuckThreads::look() const {
  std::vector<Place> places;
  for (std::size_t i = 0; i < test_.plan.threads.size(); ++i) {
    const SharedState::Process& process = shared_.processes[test_.plan.threads[i].process];
    if (process.state != ProcessState::running || shared_.threads[i].ended) continue;
    const auto place = stuck(i);
    if (!place) return std::nullopt;
    places.push_back(*place);
  }
  return places;
}

std::optional<StuckThreads::Place> StuckThreads::stuck(std::size_t number) const {
  const SharedState::Thread& thread = shared_.threads[number];
  const Place place{number, thread.at, 0, thread.heard_nothing};
  if (thread.listed == 0 || place.at >= test_.plan.threads[number].code.size()) return std::nullopt;
  const judge::Instruction& here = instruction(place);
  if (here.operation == nullptr) return std::nullopt;
  switch (here.operation->word) {
    case Word::serve:
      return place;
    case Word::wait: {
      const bool exit = here.operation->name.ends_with(".exit");
      const bool over = exit ? shared_.processes[here.child].state > ProcessState::running
                             : shared_.signals[here.signal].load();
      return over ? std::nullopt : std::optional(place);
    }
    default: {
      // Then the count: the next look that finds it asleep and the same count finds the same sleep.
      // The other way round it could have run meanwhile, and sleep in another fault.
      if (!sleeps_in(thread.listed).starts_with("handle_userfault")) return std::nullopt;
      const auto slept = times_slept(thread.listed);
      if (!slept) return std::nullopt;
      return Place{place.thread, place.at, *slept, place.heard_nothing};
    }
  }
}

bool StuckThreads::same(const Place& then, const Place& now) const {
  return then.thread == now.thread && then.at == now.at && then.slept == now.slept;
}

// One round may have begun before all others were stuck, and in one another thread may have read of
// the fault; the third would have found it.
bool StuckThreads::hears_nothing(const Place& then, const Place& now) const {
  constexpr std::uint32_t kRounds = 3;
  return instruction(now).operation->word != Word::serve ||
         now.heard_nothing - then.heard_nothing >= kRounds;
}

}  // namespace lab::kernel
