#include "lab/hunt/play/question.h"

#include "lab/hunt/program/ends.h"
#include "lab/litmus/print.h"
#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

constexpr const char* kDiffers = "differs";

std::optional<Shown> shown_of(std::vector<spec::Breach> breaches) {
  if (breaches.empty()) return std::nullopt;
  const bool goes_on = ranges::none_of(breaches, [](const spec::Breach& breach) {
    return breach.known == spec::Known::no || breach.harm == spec::Harm::killed;
  });
  spec::Breach& worst = breaches.front();
  return Shown{spec::name(worst.harm), worst.known, std::move(worst.end), std::move(worst.what),
               goes_on};
}

Shown differs(litmus::Condition end) {
  std::string what = litmus::print(end);
  return {kDiffers, spec::Known::no, std::move(end), std::move(what)};
}

std::uint64_t state(const Run& run, const Run* reference) {
  explore::Hash64 hash;
  hash.feed(run.state.low);
  if (reference != nullptr) hash.feed(reference->state.low);
  return hash.value();
}

constexpr std::uint64_t bit(std::size_t variant) { return std::uint64_t{1} << variant; }
constexpr std::uint64_t kAll = ~std::uint64_t{0};

}  // namespace

Question::Place::Place(const Start& start, const Options& options) : stage(start) {
  for (std::size_t i = 0; i < options.variants.size(); ++i)
    players.push_back(
        std::make_unique<Player>(stage, options.variants[i], bit(i), options.performer));
  if (options.reference)
    players.push_back(std::make_unique<Player>(stage, *options.reference, kAll, options.performer));
}

Question::Place& Question::at(const Start& start) {
  std::unique_ptr<Place>& place = places_[&start];
  if (!place) place = std::make_unique<Place>(start, options_);
  return *place;
}

std::optional<Shown> Question::compare(const spec::Promise& promise, const Run& run,
                                       const Run& reference) const {
  using Came = explore::Execution::Came;
  if (run.broken != reference.broken || run.came != reference.came) {
    const bool breaks = !run.broken.empty() || !reference.broken.empty();
    return Shown{kDiffers, spec::Known::no, std::nullopt,
                 breaks ? "one breaks: " + run.broken + reference.broken : "one of them hangs"};
  }
  if (run.came != Came::through) return std::nullopt;
  auto end = difference(promise, run.seen, reference.seen);
  if (!end) return std::nullopt;
  return differs(std::move(*end));
}

void Question::ask_rows(const Start& start, const Script& script, std::vector<Row>& rows,
                        bool with_states) {
  Place& place = at(start);
  std::vector<Run> reference;
  if (options_.reference) reference = place.players.back()->run(script, with_states);
  for (std::size_t i = 0; i < options_.variants.size(); ++i) {
    const auto asked = [&](const Row& row) { return (row.alive & bit(i)) != 0; };
    if (ranges::none_of(rows, asked)) continue;
    const std::vector<Run>& runs = place.players[i]->run(script, with_states);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      Row& row = rows[k];
      if (!asked(row)) continue;
      auto shown = options_.reference ? compare(*row.promise, runs[k], reference[k])
                                      : shown_of(breaches(*row.promise, runs[k]));
      if (!shown || shown->goes_on)
        row.states.emplace_back(i, state(runs[k], options_.reference ? &reference[k] : nullptr));
      if (shown) row.shown.emplace_back(i, std::move(*shown));
    }
  }
}

std::optional<Shown> Question::compare(const Orders& orders, const Outcomes& outcomes,
                                       const Outcomes& reference) const {
  if (outcomes.broken != reference.broken || outcomes.hangs != reference.hangs)
    return Shown{kDiffers, spec::Known::no, std::nullopt, "one breaks or hangs"};
  for (const auto& [some, others] :
       {std::pair(&outcomes, &reference), std::pair(&reference, &outcomes)})
    for (const std::uint64_t seen : some->seen)
      if (!others->seen.contains(seen))
        return differs(whole(orders.front(), spec::Observation::unpack(seen)));
  return std::nullopt;
}

Question::AllRaced Question::ask_races(const Start& start, const Script& script,
                                       const std::vector<const Orders*>& promised, std::size_t of,
                                       explore::Memory memory) {
  Place& place = at(start);
  const Player::Explored explored = place.players[of]->explore(script, memory);
  Player::Explored reference;
  if (options_.reference) reference = place.players.back()->explore(script, memory);
  AllRaced all{{}, explored.runs + reference.runs, explored.same_under_tso};
  if (options_.reference) all.same_under_tso &= reference.same_under_tso;
  for (std::size_t k = 0; k < script.ends.size(); ++k) {
    Raced& raced = all.ends.emplace_back();
    if (!place.players[of]->is_asked(script.ends[k])) continue;
    raced.complete = explored.ends[k].complete;
    if (options_.reference) {
      raced.complete &= reference.ends[k].complete;
      raced.shown = compare(*promised[k], explored.ends[k], reference.ends[k]);
    } else {
      raced.shown = shown_of(breaches(*promised[k], explored.ends[k]));
    }
  }
  return all;
}

std::optional<Shown> Question::ask(const Program& program, std::size_t of, explore::Memory memory) {
  const auto orders = promises(program);
  if (!orders) return std::nullopt;
  const Script script = script_of(program, stage(*program.start));
  if (program.race)
    return ask_races(*program.start, script, {&*orders}, of, memory).ends.front().shown;
  std::vector<Row> rows(1, Row{&orders->front(), bit(of)});
  ask_rows(*program.start, script, rows, false);
  if (rows.front().shown.empty()) return std::nullopt;
  return std::move(rows.front().shown.front().second);
}

const Run& Question::run(const Program& program) {
  Place& place = at(*program.start);
  return place.players.front()->run(script_of(program, place.stage), false).front();
}

}  // namespace lab::hunt
