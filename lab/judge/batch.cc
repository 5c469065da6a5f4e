#include "lab/judge/batch.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

namespace lab::judge {
namespace {

bool means_nothing(const Case& one) {
  return expected(*one.test, one.variant, language_of(one.memory)).has(litmus::Verdict::none);
}

}  // namespace

std::vector<Case> cases_of(const std::vector<const litmus::Test*>& tests,
                           const std::vector<Variant>& variants, explore::Memory memory,
                           bool named) {
  std::vector<Case> cases;
  const auto add = [&](Case one) {
    const auto same = [&](const Case& other) {
      return other.test == one.test && other.variant.text == one.variant.text &&
             other.memory == one.memory;
    };
    if (!means_nothing(one) && std::ranges::none_of(cases, same)) cases.push_back(std::move(one));
  };
  for (const litmus::Test* test : tests) {
    for (const Variant& variant : variants) add({test, variant, memory});
    if (!named) continue;
    for (Named& beyond : named_beyond(*test))
      if (std::ranges::find(variants, beyond.variant.base, &Variant::text) != variants.end())
        add({test, std::move(beyond.variant),
             beyond.memory == litmus::Memory::sc ? memory : explorers(beyond.memory), false});
  }
  return cases;
}

std::vector<tl::expected<Judgement, explore::Refusal>> judge_all(
    const std::vector<Case>& cases, const Effort& effort, unsigned threads,
    const std::function<void(std::size_t)>& done) {
  std::vector<std::optional<tl::expected<Judgement, explore::Refusal>>> slots(cases.size());
  // `next` hands each place to one thread, in no order with anything else; results are read after
  // the threads have been joined. `telling` guards `finished`, and is held while the caller is
  // told.
  std::atomic<std::size_t> next{0};
  std::mutex telling;
  std::size_t finished = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      slots[i] = judge(*cases[i].test, cases[i].variant, cases[i].memory, effort);
      if (slots[i]->has_value()) (*slots[i])->base_case = cases[i].base_case;
      const std::lock_guard lock(telling);
      if (++finished; done) done(finished);
    }
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  std::vector<tl::expected<Judgement, explore::Refusal>> results;
  results.reserve(slots.size());
  for (auto& slot : slots) results.push_back(std::move(*slot));
  return results;
}

}  // namespace lab::judge
