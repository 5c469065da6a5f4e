#include "lab/hunt/hunt.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>

#include "lab/explore/search/jobs.h"

namespace lab::hunt {

std::vector<std::size_t> to_make(const Answers& answers, const Effort& effort) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (!answers[i] && effort.shard.has(i)) order.push_back(i);
  if (effort.seed == 0) return order;
  std::mt19937_64 random(effort.seed);
  // The standard says what the engine draws, but not what its shuffle does with that.
  for (std::size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[random() % left]);
  return order;
}

void hunt(const Options& options, const Effort& effort, Answers& answers) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const std::vector<Unit> all = units(options);
  answers.resize(all.size());
  std::mutex telling;
  const auto is_over = [&] {
    const std::lock_guard lock(telling);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return (effort.seconds && seconds > *effort.seconds) || (effort.stop && effort.stop());
  };
  const auto make = [&](std::size_t number) {
    const Unit& unit = all[number];
    Question question(options);
    Answer answer = hunt_in(unit, question);
    const std::lock_guard lock(telling);
    if (effort.made) effort.made(unit, answer);
    answers[unit.number] = std::move(answer);
  };
  if (effort.next) {
    explore::share_out(effort.jobs, effort.jobs, [&](std::size_t) {
      while (!is_over()) {
        const std::optional<std::size_t> number = effort.next();
        if (!number) return;
        make(*number);
      }
    });
    return;
  }
  const std::vector<std::size_t> order = to_make(answers, effort);
  explore::share_out(order.size(), effort.jobs, [&](std::size_t i) {
    if (!is_over()) make(order[i]);
  });
}

Answer total(const Answers& answers) {
  Answer sum;
  for (const std::optional<Answer>& answer : answers)
    if (answer) sum.add(*answer);
  return sum;
}

}  // namespace lab::hunt
