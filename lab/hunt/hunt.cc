#include "lab/hunt/hunt.h"

#include <algorithm>
#include <chrono>
#include <memory>
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

Parts parts_of(const Options& options) {
  const auto all = std::make_shared<const std::vector<Unit>>(units(options));
  Parts parts;
  for (const Unit& unit : *all) parts.names.push_back(unit.name());
  parts.make = [&options, all](std::size_t part) {
    Question question(options);
    return hunt_in((*all)[part], question);
  };
  return parts;
}

void hunt(const Parts& parts, const Effort& effort, Answers& answers) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  answers.resize(parts.names.size());
  std::mutex telling;
  const auto is_over = [&] {
    const std::lock_guard lock(telling);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return (effort.seconds && seconds > *effort.seconds) || (effort.stop && effort.stop());
  };
  const auto make = [&](std::size_t part) {
    Answer answer = parts.make(part);
    const std::lock_guard lock(telling);
    if (effort.made) effort.made(part, answer);
    answers[part] = std::move(answer);
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
