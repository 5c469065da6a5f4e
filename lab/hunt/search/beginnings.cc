#include "lab/hunt/search/beginnings.h"

#include "lab/hunt/program/applies.h"
#include "lab/hunt/search/minimise.h"
#include "lab/portable/ranges.h"

namespace lab::hunt {

void book(Program program, std::size_t variant, explore::Memory memory, const Shown& shown,
          Question& question, Answer& answer) {
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

void Grower::book(const std::vector<Step>& steps, std::size_t variant, const Shown& shown) {
  Program program;
  program.start = &start_;
  for (const Step& step : steps) program.before.push_back(step.act);
  hunt::book(std::move(program), variant, explore::Memory::sc, shown, question_, answer_);
}

std::optional<Beginning> Grower::grow(const Beginning& from, const spec::Act& act, bool keep) {
  Beginning next = from;
  spec::Value value = 0;
  if (spec::writes(act)) {
    const auto writes = [](const Step& step) { return spec::writes(step.act); };
    value = static_cast<spec::Value>(kFirstWritten + ranges::count_if(from.steps, writes));
  }
  next.steps.push_back({act, value});
  next.promise.perform(act, value);
  next.alive = alive_after(next.alive, act, next.promise, question_.options());
  if (next.alive == 0) return std::nullopt;
  Script script;
  for (const Step& step : next.steps)
    script.before.push_back(&question_.stage(start_).instruction(step));

  const Question::Answers& answers =
      question_.ask_all(start_, script, next.promise, next.alive, keep);
  ++answer_.programs;
  std::vector<std::pair<std::size_t, Shown>> shown;
  explore::Hash64 hash;
  const std::uint64_t asked = next.alive;
  for (std::size_t i = 0; i < answers.shown.size(); ++i) {
    if ((asked >> i & 1) == 0) continue;
    ++answer_.judgements;
    ++answer_.runs;
    if (!answers.shown[i]) {
      hash.feed(answers.states[i].low);
      continue;
    }
    next.alive &= ~(std::uint64_t{1} << i);
    shown.emplace_back(i, *answers.shown[i]);
  }
  hash.feed(answers.states.back().low).feed(next.alive);
  next.promise.feed(hash);
  for (const auto& [variant, what] : shown) book(next.steps, variant, what);
  if (!keep || next.alive == 0 || !states_.insert(hash.value()).second) return std::nullopt;
  return next;
}

void Grower::grow_all(const Beginning& from, const std::vector<Shape>& shapes, bool keep,
                      std::vector<Beginning>& into) {
  std::vector<spec::Act> so_far;
  for (const Step& step : from.steps) so_far.push_back(step.act);
  for (const spec::Act& act : next_acts(start_, shapes, from.promise, uses_second_page(so_far),
                                        question_.options().most_references))
    if (auto next = grow(from, act, keep)) into.push_back(std::move(*next));
}

}  // namespace lab::hunt
