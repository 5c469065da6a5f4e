#include "lab/hunt/elsewhere.h"

#include <algorithm>
#include <memory>
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
constexpr std::size_t kPart = 16;     // programs: a few seconds of the kernel's
constexpr std::size_t kColumns = 10;  // of a table of parts

// One after the other they are alike: any few of them should be of all kinds.
void mix(std::vector<Program>& all) {
  std::mt19937_64 random(1);
  for (std::size_t left = all.size(); left > 1; --left)
    std::swap(all[left - 1], all[random() % left]);
}

std::vector<Program> programs(const Options& options) {
  Question question(options);
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
  mix(all);
  return all;
}

class Comparison {
 public:
  Comparison(Question& question, const Elsewhere& judge) : question_(question), judge_(judge) {}

  void compare(const Program& program) {
    const auto said = ask(program);
    if (!said) return;
    ++answer_.programs;
    if (said->standing == Said::Standing::skipped) {
      ++answer_.skipped[said->what];
      return;
    }
    ++answer_.judgements;
    ++answer_.runs;
    if (said->standing == Said::Standing::differs) book(least(program));
  }
  [[nodiscard]] const Answer& answer() const { return answer_; }

 private:
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

  void book(const Program& least) {
    const auto test = prediction(least, question_);
    const auto said = ask(least);
    const std::string& judge = question_.options().elsewhere;
    Finding finding{test->name, said->what, {judge}, litmus::print(*test), 0};
    const FindingKey key{least.size(), text(least), kDiffers, "sc"};
    ++answer_.findings.try_emplace(key, std::move(finding)).first->second.count;
  }

  Question& question_;
  const Elsewhere& judge_;
  Answer answer_;
};

}  // namespace

std::optional<litmus::Test> prediction(const Program& program, Question& question) {
  const auto promise = promises(program);
  if (!promise) return std::nullopt;
  const Run& run = question.run(program);
  if (run.came != explore::Execution::Came::through || run.seen.fork_refused) return std::nullopt;
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

Parts parts_elsewhere(const Options& options, const Elsewhere& judge) {
  auto all = std::make_shared<std::vector<Program>>(programs(options));
  Parts parts;
  const std::size_t count = (all->size() + kPart - 1) / kPart;
  for (std::size_t part = 0; part < count; ++part) {
    const std::size_t row = part / kColumns * kColumns * kPart;
    const std::size_t first = part * kPart - row + 1;
    parts.names.push_back({fmt::format("programs after the first {}", row),
                           fmt::format("{} to {}", first, first + kPart - 1)});
  }
  parts.make = [&options, judge, all = std::move(all)](std::size_t part) {
    Question question(options);
    Comparison comparison(question, judge);
    for (std::size_t i = part * kPart; i < std::min(all->size(), (part + 1) * kPart); ++i)
      comparison.compare((*all)[i]);
    return comparison.answer();
  };
  return parts;
}

}  // namespace lab::hunt
