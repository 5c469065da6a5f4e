// cleave doctor: what works on this machine, for this user, and what could be done about the rest.

#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "tools/console/program.h"
#include "tools/doctor/images.h"
#include "tools/doctor/judges.h"
#include "tools/doctor/kernel/features.h"
#include "tools/doctor/kernel/limits.h"
#include "tools/doctor/report.h"

namespace cleave::doctor {
namespace {

// The measurements take a tenth of that.
constexpr std::uint64_t kEnoughMemory = std::uint64_t{1} << 30;

std::string system_name() {
  utsname system{};
  (void)uname(&system);
  return fmt::format("{} {}, {}, {}", system.sysname, system.release, system.machine,
                     geteuid() == 0 ? std::string("root") : fmt::format("user {}", geteuid()));
}

void run(bool as_json) {
  Report report;
  report.system = system_name();
  report.works = try_engine();
  report.features = look_at_features();
  report.limits = look_at_limits();
  const bool roomy = free_bytes() >= kEnoughMemory;
  report.tracking = look_at_tracking(roomy);
  if (!report.works) {
    report.why_no_costs = report.works.error().message();
  } else if (!roomy) {
    report.why_no_costs = "less than 1 GiB of memory is free";
  } else if (auto costs = measure_costs()) {
    report.costs = std::move(*costs);
  } else {
    report.why_no_costs = costs.error().message();
  }
  report.judges = look_at_judges();
  report.images = look_at_images();
  as_json ? print_json(report) : print_text(report);
  if (!report.works) throw console::Exit{1};
}

}  // namespace
}  // namespace cleave::doctor

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  bool json = false;
  return cleave::console::run_program(
      "cleave doctor",
      "Say what works on this machine, what it costs, and what to do about the rest",
      [&](CLI::App& doctor) {
        doctor.add_flag("--json", json, "Print one JSON object");
        doctor.callback([&] { cleave::doctor::run(json); });
      },
      argc, argv);
}
