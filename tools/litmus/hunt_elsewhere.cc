// `cleave litmus hunt --against kernel` and `--against engine`.
#include <memory>
#include <variant>

#include <fmt/format.h>

#include "lab/engine/judge.h"
#include "lab/hunt/elsewhere.h"
#include "lab/kernel/judge.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/litmus/parse/parse.h"
#include "lab/litmus/print.h"
#include "tools/litmus/hunt.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

using lab::hunt::Said;

// Judges say where in a file; a generated test is one once it was printed.
lab::litmus::Test as_file(const lab::litmus::Test& test) {
  auto read = lab::litmus::parse(lab::litmus::print(test));
  if (!read) stop(2, fmt::format("this is no test: {}\n", lab::litmus::print(test)));
  return std::move(*read);
}

Said by_kernel(const lab::litmus::Test& program, lab::kernel::System& system) {
  constexpr std::uint64_t kRuns = 3;  // labels order all: each run shows the same
  const lab::litmus::Test test = as_file(program);
  lab::kernel::Options options;
  options.ordered_seconds = 0.2;
  options.ordered_runs = kRuns;
  options.seconds = 0.2;
  const lab::kernel::KernelVerdict verdict = lab::kernel::judge(test, system, options);
  if (!verdict.skipped.empty()) return {Said::Standing::skipped, verdict.skipped};
  if (verdict.verdict == lab::litmus::Verdict::always) return {};
  std::string ends = verdict.hangs_at.empty() ? "" : "hangs: " + verdict.hangs_at;
  for (const lab::kernel::Observed& end : verdict.ends)
    if (!end.holds) ends += (ends.empty() ? "" : " or ") + end.text;
  return {Said::Standing::differs, ends};
}

Said by_engine(const lab::litmus::Test& program) {
  const lab::litmus::Test test = as_file(program);
  lab::judge::Effort effort;
  effort.max_runs = 3'000;
  const auto judged = lab::engine::judge(test, {}, lab::explore::Memory::sc, effort);
  if (!judged) return {Said::Standing::skipped, judged.error().what};
  if (const auto* skipped = std::get_if<lab::engine::Skipped>(&*judged))
    return {Said::Standing::skipped, skipped->why};
  const auto& judgement = std::get<lab::judge::Judgement>(*judged);
  if (judgement.verdict == lab::litmus::Verdict::always) return {};
  if (!judgement.failures.empty())
    return {Said::Standing::differs, judgement.failures.front().what};
  return {Said::Standing::differs, judgement.states.back().text};
}

// Gives back what was changed, when the last who may ask has gone.
std::shared_ptr<lab::kernel::System> system_to_ask() {
  if (const std::string why = lab::kernel::missing_for_every_test(); !why.empty())
    stop(77, fmt::format("--against kernel: {}\n", why));
  auto opened = lab::kernel::System::open();
  if (!opened) stop(2, opened.error() + '\n');
  return {new lab::kernel::System(std::move(*opened)), [](lab::kernel::System* system) {
            for (const std::string& stuck : system->put_back())
              fmt::print(stderr, "cannot be put back, and stays in the journal: {}\n", stuck);
            delete system;
          }};
}

}  // namespace

bool is_elsewhere(const std::string& against) { return against == "kernel" || against == "engine"; }

std::string name_elsewhere(const std::string& against) {
  return against == "kernel" ? lab::kernel::kernel_name() : against;
}

lab::hunt::Elsewhere judge_elsewhere(const std::string& against) {
  if (against == "engine") return by_engine;
  return [system = system_to_ask()](const lab::litmus::Test& test) {
    return by_kernel(test, *system);
  };
}

}  // namespace cleave::litmus
