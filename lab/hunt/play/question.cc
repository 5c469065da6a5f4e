#include "lab/hunt/play/question.h"

#include <algorithm>

#include "lab/hunt/program/ends.h"
#include "lab/litmus/print.h"

namespace lab::hunt {
namespace {

constexpr const char* kDiffers = "differs";

std::optional<Shown> shown_of(std::vector<spec::Breach> breaches) {
  if (breaches.empty()) return std::nullopt;
  spec::Breach& worst = breaches.front();
  return Shown{spec::name(worst.harm), std::move(worst.end), std::move(worst.what)};
}

Shown differs(litmus::Condition end) {
  std::string what = litmus::print(end);
  return {kDiffers, std::move(end), std::move(what)};
}

}  // namespace

Question::Place::Place(const Start& start, const Options& options) : stage(start) {
  for (const judge::Variant& variant : options.variants)
    players.push_back(std::make_unique<Player>(stage, variant, options.performer));
  if (options.reference)
    players.push_back(std::make_unique<Player>(stage, *options.reference, options.performer));
}

Question::Place& Question::at(const Start& start) {
  std::unique_ptr<Place>& place = places_[&start];
  if (!place) place = std::make_unique<Place>(start, options_);
  return *place;
}

std::optional<Shown> Question::compare(const spec::Promise& promise, const Run& run,
                                       const Run& reference) const {
  if (run.broken != reference.broken || run.ending != reference.ending) {
    const bool breaks = !run.broken.empty() || !reference.broken.empty();
    return Shown{kDiffers, std::nullopt,
                 breaks ? "one breaks: " + run.broken + reference.broken : "one of them hangs"};
  }
  if (run.ending != explore::Ending::complete || !run.broken.empty()) return std::nullopt;
  auto end = difference(promise, run.seen, reference.seen);
  if (!end) return std::nullopt;
  return differs(std::move(*end));
}

const Question::Answers& Question::ask_all(const Start& start, const Script& script,
                                           const spec::Promise& promise, std::uint64_t alive,
                                           bool with_states) {
  Place& place = at(start);
  const std::size_t count = options_.variants.size();
  answers_.shown.assign(count, std::nullopt);
  answers_.states.assign(count + 1, {});
  Run reference;
  if (options_.reference) {
    reference = place.players.back()->run(script, with_states);
    answers_.states[count] = reference.state;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if ((alive >> i & 1) == 0) continue;
    const Run& run = place.players[i]->run(script, with_states);
    answers_.states[i] = run.state;
    answers_.shown[i] =
        options_.reference ? compare(promise, run, reference) : shown_of(breaches(promise, run));
  }
  return answers_;
}

Question::Raced Question::ask_race(const Start& start, const Script& script,
                                   const std::vector<spec::Promise>& orders, std::size_t of,
                                   explore::Memory memory) {
  Place& place = at(start);
  Outcomes outcomes = place.players[of]->explore(script, memory);
  Raced raced{std::nullopt, outcomes.runs, outcomes.complete};
  if (!options_.reference) {
    raced.shown = shown_of(breaches(orders, outcomes));
    return raced;
  }
  const Outcomes reference = place.players.back()->explore(script, memory);
  raced.runs += reference.runs;
  raced.complete &= reference.complete;
  if (outcomes.broken != reference.broken || outcomes.hangs != reference.hangs)
    raced.shown = Shown{kDiffers, std::nullopt, "one breaks or hangs"};
  const auto look = [&](const Outcomes& some, const Outcomes& others) {
    for (const std::uint64_t seen : some.seen)
      if (!raced.shown && !others.seen.contains(seen))
        raced.shown = differs(whole(orders.front(), spec::Observation::unpack(seen)));
  };
  look(outcomes, reference);
  look(reference, outcomes);
  return raced;
}

std::optional<Shown> Question::ask(const Program& program, std::size_t of, explore::Memory memory) {
  const auto orders = promises(program);
  if (!orders) return std::nullopt;
  const Script script = script_of(program, stage(*program.start));
  if (program.race) return ask_race(*program.start, script, *orders, of, memory).shown;
  return ask_all(*program.start, script, orders->front(), std::uint64_t{1} << of, false).shown[of];
}

}  // namespace lab::hunt
