#include "tools/litmus/kernel.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/kernel/prediction_process.h"
#include "lab/kernel/report.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/words/counted.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/console/status_line.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

using lab::kernel::KernelVerdict;
using Clock = std::chrono::steady_clock;

// Nothing: without rights there is no system to change, and each test says so.
std::optional<lab::kernel::System> open_system() {
  if (!lab::kernel::missing_for_every_test().empty()) return std::nullopt;
  auto system = lab::kernel::System::open();
  if (!system) stop(2, system.error() + '\n');
  for (const std::string& change : system->journal().found())
    fmt::print(stderr, "put back after a run that was cut off: {}\n", change);
  return std::move(*system);
}

void write_page(const KernelOptions& asked, const lab::judge::TestFiles& files,
                const std::vector<KernelVerdict>& verdicts) {
  const auto cases = lab::judge::cases_of(tests_of(files), lab::judge::all_variants(),
                                          lab::explore::Memory::sc, /*named=*/true);
  const lab::judge::Effort effort;
  write_html(asked.html, files, judge(cases, effort, asked.jobs),
             {lab::kernel::column_of(verdicts)}, effort.search, asked.jobs, asked.origin);
}

}  // namespace

void run_on_kernel(const KernelOptions& asked) {
  const lab::judge::TestFiles files = load(asked.names);
  lab::kernel::Options options;
  options.at_once = asked.jobs;
  if (asked.seconds > 0) {
    options.seconds = asked.seconds;
    options.rare = 0;
  }
  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  lab::kernel::PredictionProcess predictions(tests_of(files));
  options.predict = [&](const lab::litmus::Test& test) { return predictions.of(test); };
  std::optional<lab::kernel::System> system = open_system();
  // What a second signal leaves changed is put back by the next run.
  const console::Interruptible interruptible([](int) { lab::kernel::interrupt(); });
  const Clock::time_point begin = Clock::now();
  std::vector<KernelVerdict> verdicts;
  std::vector<std::string> titles;
  const console::StatusLine status;
  const std::vector<const lab::litmus::Test*> tests = tests_of(files);
  if (status.is_shown())
    options.progress = [&](const lab::litmus::Test& test, std::uint64_t runs, double so_far) {
      const auto number = std::ranges::find(tests, &test) - tests.begin();
      status.show(fmt::format(
          "{}: {}, {:.0f}/s, {:.0f} s", files[static_cast<std::size_t>(number)]->name,
          lab::words::counted(runs, "run"), static_cast<double>(runs) / so_far, so_far));
    };
  const auto tell = [&](std::size_t number, KernelVerdict verdict) {
    status.clear();
    titles.push_back(files[number]->name);
    verdicts.push_back(std::move(verdict));
    if (!asked.json) fmt::print("{}", line(titles.back(), verdicts.back(), asked.verbose, style));
    std::fflush(stdout);
  };
  if (system)
    judge_all(tests, *system, options, tell);
  else
    for (std::size_t i = 0; i < tests.size(); ++i)
      tell(i, lab::kernel::skip(*tests[i], lab::kernel::missing_for_every_test()));
  if (system)
    for (const std::string& stuck : system->put_back())
      fmt::print(stderr, "cannot be put back, and stays in the journal: {}\n", stuck);
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  if (asked.json) {
    nlohmann::ordered_json all = lab::kernel::json(titles, verdicts, took);
    all["made"] = lab::report::json(asked.origin);
    fmt::print("{}\n", all.dump(2));
  }
  if (!asked.json) fmt::print("{}", summary(verdicts, took, style));
  if (!asked.html.empty()) write_page(asked, files, verdicts);
  if (lab::kernel::interrupted()) stop(130, "interrupted: the tests that were left are skipped\n");
  const auto found = [](const KernelVerdict& verdict) {
    return verdict.skipped.empty() && verdict.standing == lab::kernel::Standing::finding;
  };
  if (std::ranges::any_of(verdicts, found)) throw console::Exit{1};
}

}  // namespace cleave::litmus
