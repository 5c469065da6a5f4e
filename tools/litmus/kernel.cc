#include "tools/litmus/kernel.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
  if (asked.seconds > 0) options.seconds = asked.seconds;
  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  std::optional<lab::kernel::System> system = open_system();
  // What a second signal leaves changed is put back by the next run.
  const console::Interruptible interruptible([](int) { lab::kernel::interrupt(); });
  const Clock::time_point begin = Clock::now();
  std::vector<KernelVerdict> verdicts;
  std::vector<std::string> titles;
  const console::StatusLine status;
  for (const auto& file : files) {
    if (status.is_shown())
      options.progress = [&](std::uint64_t runs, double seconds_so_far) {
        status.show(fmt::format("{}: {}, {:.0f}/s, {:.0f} s", file->name,
                                lab::words::counted(runs, "run"),
                                static_cast<double>(runs) / seconds_so_far, seconds_so_far));
      };
    verdicts.push_back(system
                           ? lab::kernel::judge(file->test, *system, options)
                           : lab::kernel::skip(file->test, lab::kernel::missing_for_every_test()));
    status.clear();
    titles.push_back(file->name);
    if (!asked.json) fmt::print("{}", line(file->name, verdicts.back(), asked.verbose, style));
    std::fflush(stdout);
  }
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
