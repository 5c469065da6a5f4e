#include "lab/hunt/elsewhere.h"

#include <random>

#include <fmt/format.h>

#include "lab/hunt/program/ends.h"
#include "lab/hunt/program/test.h"
#include "lab/hunt/search/beginnings.h"
#include "lab/hunt/search/minimise.h"
#include "lab/litmus/print.h"

namespace lab::hunt {
namespace {

constexpr const char* kDiffers = "differs";

std::vector<Program> programs(const Options& options, Question& question) {
  std::vector<Program> all;
  for (const Start* start : options.starts) {
    Answer unused;
    Grower grower(*start, question, unused);
    std::vector<Beginning> layer{grower.nothing()};
    for (std::uint32_t depth = 0; depth < options.depth; ++depth) {
      std::vector<Beginning> next;
      for (const Beginning& from : layer) grower.grow_all(from, options.words, true, next);
      for (const Beginning& each : next) {
        Program program;
        program.start = start;
        for (const Step& step : each.steps) program.before.push_back(step.act);
        all.push_back(std::move(program));
      }
      layer = std::move(next);
    }
  }
  return all;
}

void draw(std::vector<Program>& all, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t left = all.size(); left > 1; --left)
    std::swap(all[left - 1], all[random() % left]);
}

class Comparison {
 public:
  Comparison(Question& question, const Elsewhere& judge) : question_(question), judge_(judge) {}

  [[nodiscard]] std::optional<Said> ask(const Program& program) const {
    const auto test = prediction(program, question_);
    if (!test) return std::nullopt;
    return judge_(*test);
  }

  // Deleting as minimise() does, but asking the other judge.
  [[nodiscard]] Program least(Program program) const {
    for (std::size_t i = program.size(); i-- > 0;) {
      Program some = without(program, i);
      const auto said = promises(some) ? ask(some) : std::nullopt;
      if (!said || said->standing != Said::Standing::differs) continue;
      program = std::move(some);
      i = program.size();
    }
    return program;
  }

 private:
  Question& question_;
  const Elsewhere& judge_;
};

}  // namespace

std::optional<litmus::Test> prediction(const Program& program, Question& question) {
  const auto promise = promises(program);
  if (!promise) return std::nullopt;
  const Run& run = question.run(program);
  if (run.ending != explore::Ending::complete || !run.broken.empty() || run.seen.fork_refused)
    return std::nullopt;
  auto end = seen_outside(promise->front(), run.seen);
  if (!end) return std::nullopt;
  litmus::Test test = test_of(program, promise->front(), Looks::outside);
  test.name = name_of(program, kDiffers);
  test.about = text(program) + '.';
  test.source = "found by cleave litmus hunt";
  test.final.claim = litmus::Claim::always;
  test.final.condition = std::move(*end);
  return test;
}

Compared compare_elsewhere(const Options& options, std::uint64_t seed, const Elsewhere& judge,
                           const std::function<bool(const Compared&)>& stop) {
  Question question(options);
  std::vector<Program> all = programs(options, question);
  draw(all, seed);
  const Comparison comparison(question, judge);
  Compared compared;
  for (const Program& program : all) {
    if (stop(compared)) {
      compared.whole = false;
      break;
    }
    const auto said = comparison.ask(program);
    if (!said) continue;
    if (said->standing == Said::Standing::skipped) {
      ++compared.skipped;
      ++compared.reasons[said->what];
    } else if (said->standing == Said::Standing::agrees) {
      ++compared.agreed;
    } else {
      ++compared.differed;
      const Program least = comparison.least(program);
      const auto test = prediction(least, question);
      const FindingKey key{least.size(), text(least), kDiffers, "sc"};
      const auto again = comparison.ask(least);
      Finding finding{
          test->name, again->what, {options.variants.front().text}, litmus::print(*test), 0};
      ++compared.findings.try_emplace(key, std::move(finding)).first->second.count;
    }
  }
  return compared;
}

}  // namespace lab::hunt
