#include "lab/judge/batch.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "lab/explore/search/jobs.h"
#include "lab/judge/unmodelled.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

bool means_nothing(const Case& one) {
  return expected(*one.test, one.variant, language_of(one.memory)).has(litmus::Verdict::none) ||
         unmodelled(*one.test, one.variant).has_value();
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
    if (!means_nothing(one) && ranges::none_of(cases, same)) cases.push_back(std::move(one));
  };
  for (const litmus::Test* test : tests) {
    for (const Variant& variant : variants) add({test, variant, memory});
    if (!named) continue;
    for (Named& beyond : named_beyond(*test))
      if (ranges::find(variants, beyond.variant.base, &Variant::text) != variants.end())
        add({test, std::move(beyond.variant),
             beyond.memory == litmus::Memory::sc ? memory : explorers(beyond.memory), false});
  }
  return cases;
}

std::vector<tl::expected<Judgement, explore::Refusal>> judge_all(
    const std::vector<Case>& cases, const Effort& effort, unsigned jobs,
    const std::function<void(std::size_t)>& done) {
  std::vector<std::optional<tl::expected<Judgement, explore::Refusal>>> slots(cases.size());
  std::mutex telling;  // guards `finished`, and is held while the caller is told
  std::size_t finished = 0;
  explore::share_out(cases.size(), jobs, [&](std::size_t i) {
    slots[i] = judge(*cases[i].test, cases[i].variant, cases[i].memory, effort);
    if (slots[i]->has_value()) (*slots[i])->base_case = cases[i].base_case;
    const std::lock_guard lock(telling);
    if (++finished; done) done(finished);
  });
  std::vector<tl::expected<Judgement, explore::Refusal>> results;
  results.reserve(slots.size());
  for (auto& slot : slots) results.push_back(std::move(*slot));
  return results;
}

}  // namespace lab::judge
