#include "lab/hunt/play/player.h"

#include <bit>
#include <functional>

#include "lab/explore/search/explorer.h"
#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

constexpr std::uint32_t kMaxSteps = 2'000;  // a program of ten acts takes some hundred
constexpr std::uint64_t kMaxRuns = 20'000;

// The one order that a program with one thread has.
struct OneByOne : explore::Scheduler {
  explore::Actor next(explore::Execution& execution) override {
    const explore::ActorSet enabled = execution.enabled();
    return enabled == 0 ? explore::kNoActor
                        : static_cast<explore::Actor>(std::countr_zero(enabled));
  }
  std::uint32_t value(explore::Execution&, std::uint32_t) override { return 0; }
};

std::vector<spec::Breach> one(spec::Harm harm, std::string what) {
  return {{harm, std::nullopt, std::move(what)}};
}

}  // namespace

std::vector<spec::Breach> breaches(const spec::Promise& promise, const Run& run) {
  if (!run.broken.empty()) return one(spec::Harm::broken, run.broken);
  if (run.ending != explore::Ending::complete)
    return promise.may_wait() ? std::vector<spec::Breach>{} : one(spec::Harm::hang, "a call waits");
  return spec::breaches(promise, run.seen);
}

std::vector<spec::Breach> breaches(const std::vector<spec::Promise>& orders,
                                   const Outcomes& outcomes) {
  if (!outcomes.broken.empty()) return one(spec::Harm::broken, outcomes.broken);
  std::vector<spec::Breach> worst;
  const auto is_worse = [&](const std::vector<spec::Breach>& some) {
    return !some.empty() && (worst.empty() || some.front().harm < worst.front().harm);
  };
  for (const std::uint64_t packed : outcomes.seen) {
    const spec::Observation seen = spec::Observation::unpack(packed);
    std::vector<spec::Breach> least = spec::breaches(orders.front(), seen);
    for (const spec::Promise& order : orders) {
      std::vector<spec::Breach> some = spec::breaches(order, seen);
      if (some.empty() || some.front().harm > least.front().harm) least = std::move(some);
      if (least.empty()) break;
    }
    if (is_worse(least)) worst = std::move(least);
  }
  const bool may_wait = ranges::any_of(orders, std::mem_fn(&spec::Promise::may_wait));
  if (outcomes.hangs && !may_wait && worst.empty()) return one(spec::Harm::hang, "a call waits");
  return worst;
}

Player::Player(Stage& stage, const judge::Variant& variant, Performer performer)
    : stage_(stage),
      variant_(variant),
      performer_(performer),
      execution_(explore::Memory::sc, variant.drop, kMaxSteps) {
  execution_.note_footprints(false);
}

const Run& Player::run(const Script& script, bool with_state) {
  OneByOne order;
  explore::Outcome outcome;
  run_ = {};
  run_.ending = execution_.run(
      [&] { return std::make_unique<Scene>(stage_, variant_.rules, script, performer_); }, order);
  if (run_.ending == explore::Ending::complete && execution_.outcome(outcome))
    run_.seen = spec::Observation::unpack(*outcome.find(Scene::kSeen));
  if (!execution_.violations().empty()) run_.broken = execution_.violations().front().what;
  if (with_state) run_.state = execution_.state(/*symmetry=*/false);
  return run_;
}

Outcomes Player::explore(const Script& script, explore::Memory memory) const {
  explore::Options options;
  options.memory = memory;
  options.drop = variant_.drop;
  options.check_runs = 0;
  options.max_runs = kMaxRuns;
  options.max_steps = kMaxSteps;
  const auto result = explore::explore(
      [&] { return std::make_unique<Scene>(stage_, variant_.rules, script, performer_); }, options);
  Outcomes outcomes;
  if (!result) {
    outcomes.complete = false;
    return outcomes;
  }
  outcomes.runs = result->traces + result->cut;
  outcomes.complete = result->coverage.kind == explore::Coverage::Kind::exhaustive;
  for (const explore::Seen& seen : result->outcomes)
    outcomes.seen.insert(*seen.outcome.find(Scene::kSeen));
  for (const explore::Failure& failure : result->failures) {
    if (failure.kind == explore::Failure::Kind::broken)
      outcomes.broken = failure.what;
    else
      outcomes.hangs = true;
  }
  return outcomes;
}

std::vector<spec::Breach> Player::breaches_of(const Program& program, explore::Memory memory) {
  const auto orders = promises(program);
  const Script script = script_of(program, stage_);
  if (program.race) return hunt::breaches(*orders, explore(script, memory));
  return hunt::breaches(orders->front(), run(script, false));
}

}  // namespace lab::hunt
