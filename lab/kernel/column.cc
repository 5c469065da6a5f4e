#include "lab/kernel/column.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/kernel/readiness.h"
#include "lab/kernel/report.h"

namespace lab::kernel {
namespace {

judge::Standing standing_of(const KernelVerdict& verdict) {
  switch (verdict.standing) {
    case Standing::finding:
      return judge::Standing::deviates;
    case Standing::open:
      return judge::Standing::open;
    case Standing::agrees:
    case Standing::asked:
      break;
  }
  return judge::Standing::expected;
}

std::string said_of(const KernelVerdict& verdict) {
  if (!verdict.skipped.empty()) return fmt::format("Not run: {}.", verdict.skipped);
  std::string text = fmt::format("{}: {}.", name_of(verdict), runs_of(verdict));
  if (verdict.standing == Standing::finding)
    text += fmt::format(" Rule-set {} says: {}.", kernel_rules(), verdict.expected.text());
  if (!verdict.means.empty())
    text += fmt::format(" References: {}.", fmt::join(verdict.means, ", "));
  return text;
}

}  // namespace

report::Column column_of(const std::vector<KernelVerdict>& verdicts) {
  report::Column column{"kernel",
                        kernel_name(),
                        "It ran the tests for real: what was observed, and proves nothing.",
                        {}};
  for (const KernelVerdict& verdict : verdicts) {
    report::Column::Cell cell{.test = verdict.test,
                              .verdict = verdict.verdict,
                              .standing = standing_of(verdict),
                              .said = said_of(verdict),
                              .skipped = !verdict.skipped.empty(),
                              .ends = {},
                              .film = verdict.film};
    for (const Observed& end : verdict.ends) cell.ends.push_back({end.text, end.holds, end.count});
    column.cells.push_back(std::move(cell));
  }
  return column;
}

}  // namespace lab::kernel
