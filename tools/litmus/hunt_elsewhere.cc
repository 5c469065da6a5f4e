// `cleave litmus hunt --against kernel` and `--against engine`.
#include <unistd.h>

#include <chrono>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "lab/engine/judge.h"
#include "lab/hunt/elsewhere.h"
#include "lab/kernel/judge.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/litmus/parse/parse.h"
#include "lab/litmus/print.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/console/status_line.h"
#include "tools/litmus/hunt/report.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

using lab::hunt::Said;
using Clock = std::chrono::steady_clock;

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

void print(const lab::hunt::Compared& compared, double seconds) {
  const std::uint64_t asked = compared.agreed + compared.differed + compared.skipped;
  fmt::print(
      "{} programs in {:.1f} s: {} observed, {} agree, {} differ, {} skipped ({:.0f} %){}\n", asked,
      seconds, compared.agreed + compared.differed, compared.agreed, compared.differed,
      compared.skipped,
      asked == 0 ? 0.0 : 100.0 * static_cast<double>(compared.skipped) / static_cast<double>(asked),
      compared.whole ? ": everything up to the bound" : "; there are more");
  for (const auto& [why, times] : compared.reasons) fmt::print("  skipped {}: {}\n", times, why);
  for (const auto& [key, finding] : compared.findings)
    fmt::print("differs {}  [{}]  not {}, {} programs\n{}\n", key.program, finding.end,
               finding.rules.front(), finding.count, finding.litmus);
}

}  // namespace

void hunt_elsewhere(const lab::hunt::Options& options, const std::string& judge, std::uint64_t seed,
                    double most_seconds) {
  std::optional<lab::kernel::System> system;
  lab::hunt::Elsewhere ask = by_engine;
  if (judge == "kernel") {
    if (const std::string why = lab::kernel::missing_for_every_test(); !why.empty())
      stop(77, fmt::format("--against kernel: {}\n", why));
    auto opened = lab::kernel::System::open();
    if (!opened) stop(2, opened.error() + '\n');
    system.emplace(std::move(*opened));
    ask = [&](const lab::litmus::Test& test) { return by_kernel(test, *system); };
  }
  const Clock::time_point begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  const console::StatusLine status;
  const lab::hunt::Compared compared =
      lab::hunt::compare_elsewhere(options, seed, ask, [&](const lab::hunt::Compared& so_far) {
        if (status.is_shown())
          status.show(fmt::format("{} agree, {} differ, {} skipped, {:.0f} s", so_far.agreed,
                                  so_far.differed, so_far.skipped, seconds()));
        return console::interrupted || seconds() > most_seconds;
      });
  status.clear();
  if (system)
    for (const std::string& stuck : system->put_back())
      fmt::print(stderr, "cannot be put back, and stays in the journal: {}\n", stuck);
  print(compared, seconds());
  if (compared.differed > 0) throw console::Exit{1};
  if (!compared.whole) throw console::Exit{3};
}

}  // namespace cleave::litmus
