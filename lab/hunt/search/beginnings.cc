#include "lab/hunt/search/beginnings.h"

#include <bit>

#include "lab/hunt/program/applies.h"
#include "lab/hunt/search/minimise.h"
#include "lab/portable/ranges.h"

namespace lab::hunt {

void book(Program program, std::size_t variant, explore::Memory memory, const Shown& shown,
          Question& question, Answer& answer) {
  if (shown.known != spec::Known::no) {
    ++answer.known[spec::name(shown.known)];
    return;
  }
  program = minimise(std::move(program), variant, memory, shown.kind, question);
  if (!program.race) memory = explore::Memory::sc;
  const FindingKey key = key_of(program, memory, shown);
  if (const auto known = answer.findings.find(key); known != answer.findings.end()) {
    ++known->second.count;
    return;
  }
  const auto least = question.ask(program, variant, memory);
  answer.findings.emplace(key, finding_of(program, memory, *least, question));
}

std::uint64_t alive_after(std::uint64_t alive, const spec::Act& act, const spec::Promise& after,
                          const Options& options) {
  for (std::size_t i = 0; i < options.variants.size(); ++i) {
    const judge::Variant& variant = options.variants[i];
    if (!applies(variant, act) || !applies(variant, after)) alive &= ~(std::uint64_t{1} << i);
  }
  return alive;
}

Beginning Grower::nothing() const {
  const std::vector<judge::Variant>& variants = question_.options().variants;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < variants.size(); ++i)
    if (applies(variants[i], start_)) all |= std::uint64_t{1} << i;
  return {{}, spec::Promise(start_.beginning), all};
}

void Grower::book(const Beginning& from, const Step& last, std::size_t variant,
                  const Shown& shown) {
  Program program;
  program.start = &start_;
  for (const Step& step : from.steps) program.before.push_back(step.act);
  program.before.push_back(last.act);
  hunt::book(std::move(program), variant, explore::Memory::sc, shown, question_, answer_);
}

void Grower::judge(const Beginning& from, Next& next, Row& row, bool keep,
                   std::vector<Beginning>& into) {
  const auto asked = static_cast<std::uint64_t>(std::popcount(next.alive));
  ++answer_.programs;
  answer_.judgements += asked;
  answer_.runs += asked;
  for (const auto& [variant, shown] : row.shown) book(from, next.step, variant, shown);
  if (!keep || row.states.empty()) return;
  const std::uint64_t alive = new_among(row, next.promise);
  if (alive == 0) return;
  into.push_back({from.steps, next.promise, alive});
  into.back().steps.push_back(next.step);
}

// The variants under which no program led where this one does. All that can follow hangs on the
// state and on what is promised.
std::uint64_t Grower::new_among(const Row& row, const spec::Promise& promise) {
  explore::Hash64 promised;
  promise.feed(promised);
  std::uint64_t alive = 0;
  for (const auto& [variant, state] : row.states) {
    explore::Hash64 whole = promised;
    whole.feed(variant).feed(state);
    if (states_.insert(whole.value()).second) alive |= std::uint64_t{1} << variant;
  }
  return alive;
}

void Grower::grow(const Beginning& from, const std::vector<spec::Act>& acts, bool keep,
                  std::vector<Beginning>& into) {
  const auto writes = [](const Step& step) { return spec::writes(step.act); };
  const auto fresh = static_cast<spec::Value>(kFirstWritten + ranges::count_if(from.steps, writes));
  Stage& stage = question_.stage(start_);
  Script script;
  for (const Step& step : from.steps) script.before.push_back(&stage.instruction(step));
  std::vector<Next> nexts;
  nexts.reserve(acts.size());
  for (const spec::Act& act : acts) {
    Next next{{act, spec::writes(act) ? fresh : spec::Value{0}}, from.promise, from.alive};
    next.promise.perform(act, next.step.value);
    next.alive = alive_after(from.alive, act, next.promise, question_.options());
    if (next.alive == 0) continue;
    script.ends.push_back({{&stage.instruction(next.step)}, next.alive});
    nexts.push_back(std::move(next));
  }
  std::vector<Row> rows;
  rows.reserve(nexts.size());
  for (const Next& next : nexts) rows.push_back({&next.promise, next.alive});
  question_.ask_rows(start_, script, rows, keep);
  for (std::size_t i = 0; i < nexts.size(); ++i) judge(from, nexts[i], rows[i], keep, into);
}

void Grower::grow_all(const Beginning& from, const std::vector<Shape>& shapes, bool keep,
                      std::vector<Beginning>& into) {
  const std::vector<spec::Act> acts =
      next_acts(start_, shapes, from.promise, question_.options().most_references);
  grow(from, acts, keep, into);
}

}  // namespace lab::hunt
