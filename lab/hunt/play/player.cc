#include "lab/hunt/play/player.h"

#include <functional>

#include "lab/explore/search/explorer.h"
#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

constexpr std::uint32_t kMaxSteps = 2'000;   // a program of ten acts takes some hundred
constexpr std::uint64_t kMaxRuns = 200'000;  // the longest race up to the usual bound: 69,000

// Where nothing races there is nothing to decide.
struct NoThreads : explore::Scheduler {
  explore::Actor next(explore::Execution& execution) override {
    (void)execution.enabled();
    return explore::kNoActor;
  }
  std::uint32_t value(explore::Execution&, std::uint32_t) override { return 0; }
};

std::vector<spec::Breach> one(spec::Harm harm, std::string what) {
  return {{harm, spec::Known::no, std::nullopt, std::move(what)}};
}

// One outcome more.
void add(std::uint64_t packed, const std::vector<std::string>& breaks, Outcomes& outcomes) {
  if (const auto what = says_breaks(packed))
    outcomes.broken = breaks[*what];
  else if (says_waits(packed))
    outcomes.hangs = true;
  else
    outcomes.seen.insert(packed);
}

}  // namespace

std::vector<spec::Breach> breaches(const spec::Promise& promise, const Run& run) {
  if (!run.broken.empty()) return one(spec::Harm::broken, run.broken);
  if (run.came == explore::Execution::Came::waits)
    return promise.may_wait() ? std::vector<spec::Breach>{} : one(spec::Harm::hang, "a call waits");
  return spec::breaches(promise, run.seen);
}

std::vector<spec::Breach> breaches(const Orders& orders, const Outcomes& outcomes) {
  if (!outcomes.broken.empty()) return one(spec::Harm::broken, outcomes.broken);
  std::vector<spec::Breach> worst;
  const auto is_worse = [&](const std::vector<spec::Breach>& some) {
    return !some.empty() && (worst.empty() || spec::is_worse(some.front(), worst.front()));
  };
  for (const std::uint64_t packed : outcomes.seen) {
    const spec::Observation seen = spec::Observation::unpack(packed);
    std::vector<spec::Breach> least = spec::breaches(orders.front(), seen);
    for (const spec::Promise& order : orders) {
      std::vector<spec::Breach> some = spec::breaches(order, seen);
      if (some.empty() || (!least.empty() && spec::is_worse(least.front(), some.front())))
        least = std::move(some);
      if (least.empty()) break;
    }
    if (is_worse(least)) worst = std::move(least);
  }
  const bool may_wait = ranges::any_of(orders, std::mem_fn(&spec::Promise::may_wait));
  const bool all_known = worst.empty() || worst.front().known != spec::Known::no;
  if (outcomes.hangs && !may_wait && all_known) return one(spec::Harm::hang, "a call waits");
  return worst;
}

Player::Player(Stage& stage, const judge::Variant& variant, std::uint64_t who, Performer performer)
    : stage_(stage),
      variant_(variant),
      who_(who),
      performer_(performer),
      execution_(explore::Memory::sc, variant.drop, kMaxSteps) {
  execution_.note_footprints(false);
}

std::vector<Run>& Player::run(const Script& script, bool with_state) {
  NoThreads nobody;
  explore::Outcome outcome;
  const Scene::Asked asked{who_, with_state, nullptr};
  execution_.run(
      [&] { return std::make_unique<Scene>(stage_, variant_.rules, script, performer_, asked); },
      nobody);
  execution_.outcome(outcome);
  return static_cast<Scene&>(execution_.program()).runs();
}

Player::Explored Player::explore(const Script& script, explore::Memory memory) const {
  explore::Options options;
  options.memory = memory;
  options.drop = variant_.drop;
  options.check_runs = 0;
  options.max_runs = kMaxRuns;
  options.max_steps = kMaxSteps;
  Ended ended;
  const Scene::Asked asked{who_, false, &ended};
  const auto result = explore::explore(
      [&] { return std::make_unique<Scene>(stage_, variant_.rules, script, performer_, asked); },
      options);
  Outcomes all;
  all.complete = result && result->coverage.kind == explore::Coverage::Kind::exhaustive;
  if (result) {
    for (const explore::Failure& failure : result->failures) {
      if (failure.kind == explore::Failure::Kind::broken)
        all.broken = failure.what;
      else
        all.hangs = true;
    }
  }
  Explored explored{std::vector<Outcomes>(script.ends.size(), all), 0};
  if (!result) return explored;
  explored.runs = result->traces + result->cut;
  explored.same_under_tso = memory == explore::Memory::sc && all.complete && !result->late_stores;
  for (const explore::Seen& seen : result->outcomes) {
    std::size_t at = 0;  // ends that nobody asked for have no number
    for (std::size_t end = 0; end < script.ends.size(); ++end)
      if (is_asked(script.ends[end]))
        add(seen.outcome.values()[at++].value, ended.breaks, explored.ends[end]);
  }
  return explored;
}

}  // namespace lab::hunt
