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
  grower.grow(grower.nothing(), {*unit.first}, most > 1 || keep_last, layer);
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
    const std::vector<Act> acts =
        next_acts(*unit_.start, options.race_words, beginning.promise, options.most_references);
    for (std::size_t i = 0; i < acts.size(); ++i)
      for (std::size_t k = i; k < acts.size(); ++k) race(beginning.promise, acts[i], acts[k]);
  }

 private:
  // The race with what may come after it: none, and in the order of their growing, each after what
  // it is one act longer than.
  struct End {
    std::size_t shorter;
    std::vector<Act> acts;
    Promise first, second;  // in either order of the race
    std::uint64_t alive;
    Orders orders = {};
    bool some_left = false;  // of those asked, some have shown nothing
  };

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
    ends_.clear();
    ends_.push_back({0, {}, first, second, alive_after(alive, other, first, options)});
    if (ends_.front().alive == 0) return;
    grow_ends(0);
    judge();
  }

  // All ends that go on from this one.
  void grow_ends(std::size_t from) {
    const Options& options = question_.options();
    if (ends_[from].acts.size() == options.after) return;
    const std::vector<Act> acts =
        next_acts(*unit_.start, options.after_words, ends_[from].first, options.most_references);
    for (const Act& act : acts) {
      const End& shorter = ends_[from];
      if (!shorter.second.allows(act)) continue;
      End end{from, shorter.acts, shorter.first, shorter.second, shorter.alive};
      end.acts.push_back(act);
      end.first.perform(act, 61);
      end.second.perform(act, 61);
      end.alive = alive_after(end.alive, act, end.first, options);
      end.alive = alive_after(end.alive, act, end.second, options);
      if (end.alive == 0) continue;
      ends_.push_back(std::move(end));
      grow_ends(ends_.size() - 1);
    }
  }

  // Of what has been shown by all, what comes after shows no more.
  void judge() {
    Stage& stage = question_.stage(*unit_.start);
    Script script;
    std::vector<const Orders*> promised;
    for (End& end : ends_) {
      program_.after = end.acts;
      end.orders = *promises(program_);
      Script whole = script_of(program_, stage);
      whole.ends.front().asked = end.alive;
      if (script.ends.empty())
        script = std::move(whole);
      else
        script.ends.push_back(std::move(whole.ends.front()));
    }
    for (const End& end : ends_) promised.push_back(&end.orders);
    std::vector<ByMemory> raced(question_.options().variants.size());
    for (std::size_t i = 0; i < raced.size(); ++i)
      if ((ends_.front().alive >> i & 1) != 0) raced[i] = ask(script, promised, i);
    for (std::size_t k = 0; k < ends_.size(); ++k) {
      if (k > 0 && !ends_[ends_[k].shorter].some_left) continue;
      ++answer_.programs;
      for (std::size_t i = 0; i < raced.size(); ++i)
        if ((ends_[k].alive >> i & 1) != 0) tell(ends_[k], k, i, raced[i]);
    }
  }

  // Of one variant, by memory model. Nothing: it is as under sc, which comes before it.
  using ByMemory = std::vector<std::optional<Question::AllRaced>>;

  ByMemory ask(const Script& script, const std::vector<const Orders*>& promised, std::size_t of) {
    ByMemory answers;
    bool same_under_tso = false;
    for (const explore::Memory memory : question_.options().memories) {
      std::optional<Question::AllRaced>& one = answers.emplace_back();
      if (same_under_tso && memory == explore::Memory::tso) continue;
      one = question_.ask_races(*unit_.start, script, promised, of, memory);
      answer_.runs += one->runs;
      same_under_tso |= one->same_under_tso;
    }
    return answers;
  }

  void tell(End& end, std::size_t number, std::size_t variant, const ByMemory& raced) {
    program_.after = end.acts;
    for (std::size_t m = 0; m < raced.size(); ++m) {
      ++answer_.judgements;
      if (!raced[m]) continue;
      const Raced& one = raced[m]->ends[number];
      answer_.cut += one.complete ? 0 : 1;
      if (one.shown)
        book(program_, variant, question_.options().memories[m], *one.shown, question_, answer_);
      end.some_left |= !one.shown || one.shown->goes_on;
    }
  }

  const Unit& unit_;
  Question& question_;
  Answer& answer_;
  Program program_;
  std::uint64_t alive_ = 0;
  std::vector<End> ends_;
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
