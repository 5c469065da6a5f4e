#include "lab/hunt/search/search.h"

#include "lab/hunt/search/beginnings.h"

namespace lab::hunt {
namespace {

using spec::Act;
using spec::Promise;

// Layers of beginnings from the unit's first act on, up to `most` acts.
template <typename Each>
void each_layer(const Unit& unit, Grower& grower, const std::vector<Shape>& shapes,
                std::uint32_t most, bool keep_last, Each each) {
  std::vector<Beginning> layer;
  if (auto first = grower.grow(grower.nothing(), *unit.first, most > 1 || keep_last))
    layer.push_back(std::move(*first));
  for (std::uint32_t depth = 1;; ++depth) {
    each(layer);
    if (depth >= most || layer.empty()) return;
    std::vector<Beginning> next;
    for (const Beginning& from : layer)
      grower.grow_all(from, shapes, depth + 1 < most || keep_last, next);
    layer = std::move(next);
  }
}

class Races {
 public:
  Races(const Unit& unit, Question& question, Answer& answer)
      : unit_(unit), question_(question), answer_(answer) {}

  // Every race after the beginning.
  void after(const Beginning& beginning) {
    const Options& options = question_.options();
    program_.start = unit_.start;
    program_.before.clear();
    for (const Step& step : beginning.steps) program_.before.push_back(step.act);
    alive_ = beginning.alive;
    const bool second = uses_second_page(program_.before);
    const std::vector<Act> acts = next_acts(*unit_.start, options.race_words, beginning.promise,
                                            second, options.most_references);
    for (std::size_t i = 0; i < acts.size(); ++i)
      for (std::size_t k = i; k < acts.size(); ++k) race(beginning.promise, acts[i], acts[k]);
  }

 private:
  void race(const Promise& before, const Act& one, const Act& other) {
    constexpr spec::Value kSome = 60;  // only what is allowed is asked here
    Promise first = before, second = before;
    first.perform(one, kSome);
    if (!first.allows(other)) return;
    first.perform(other, kSome);
    second.perform(other, kSome);
    if (!second.allows(one)) return;
    second.perform(one, kSome);
    program_.race.emplace(one, other);
    const Options& options = question_.options();
    const std::uint64_t alive = alive_after(alive_, one, second, options);
    ends(first, second, alive_after(alive, other, first, options), options.after);
  }

  void ends(const Promise& first, const Promise& second, std::uint64_t alive, std::uint32_t left) {
    if (!judge(alive) || left == 0) return;
    const Options& options = question_.options();
    std::vector<Act> acts =
        next_acts(*unit_.start, options.after_words, first, true, options.most_references);
    for (const Act& act : acts) {
      if (!second.allows(act)) continue;
      Promise one = first, other = second;
      one.perform(act, 61);
      other.perform(act, 61);
      program_.after.push_back(act);
      const std::uint64_t left_alive = alive_after(alive, act, one, options);
      ends(one, other, alive_after(left_alive, act, other, options), left - 1);
      program_.after.pop_back();
    }
  }

  // Whether some have shown nothing: else what comes after shows no more.
  bool judge(std::uint64_t alive) {
    if (alive == 0) return false;
    const auto orders = promises(program_);
    const Script script = script_of(program_, question_.stage(*unit_.start));
    const std::size_t count = question_.options().variants.size();
    ++answer_.programs;
    bool some_left = false;
    for (std::size_t i = 0; i < count; ++i) {
      if ((alive >> i & 1) == 0) continue;
      const Question::Raced raced =
          question_.ask_race(*unit_.start, script, *orders, i, *unit_.race);
      ++answer_.judgements;
      answer_.runs += raced.runs;
      answer_.cut += raced.complete ? 0 : 1;
      if (raced.shown)
        book(program_, i, *unit_.race, *raced.shown, question_, answer_);
      else
        some_left = true;
    }
    return some_left;
  }

  const Unit& unit_;
  Question& question_;
  Answer& answer_;
  Program program_;
  std::uint64_t alive_ = 0;
};

}  // namespace

Answer search_rows(const Unit& unit, Question& question) {
  Answer answer;
  Grower grower(*unit.start, question, answer);
  const Options& options = question.options();
  each_layer(unit, grower, options.words, options.depth, false,
             [](const std::vector<Beginning>&) {});
  return answer;
}

Answer search_races(const Unit& unit, Question& question) {
  Answer answer;
  Answer of_beginnings;  // They are the business of search_rows().
  Grower grower(*unit.start, question, of_beginnings);
  Races races(unit, question, answer);
  const Options& options = question.options();
  if (!unit.first) {
    races.after(grower.nothing());
    return answer;
  }
  each_layer(unit, grower, options.before_words, options.before, true,
             [&](const std::vector<Beginning>& layer) {
               for (const Beginning& each : layer) races.after(each);
             });
  return answer;
}

}  // namespace lab::hunt
