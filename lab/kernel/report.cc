#include "lab/kernel/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lab/kernel/system/capabilities.h"
#include "lab/litmus/vocabulary.h"
#include "lab/words/counted.h"

namespace lab::kernel {
namespace {

template <typename Is>
std::uint64_t count(const std::vector<KernelVerdict>& verdicts, Is is) {
  return static_cast<std::uint64_t>(std::ranges::count_if(verdicts, is));
}

bool ran(const KernelVerdict& verdict) { return verdict.skipped.empty(); }
auto stands(Standing standing) {
  return [standing](const KernelVerdict& v) { return ran(v) && v.standing == standing; };
}

}  // namespace

namespace {

// What the rules say where the kernel contradicts them.
std::string said_instead(const KernelVerdict& verdict) {
  if (verdict.unforeseen.empty()) return verdict.expected.text();
  return fmt::format("{}, and no run ends with {}", verdict.expected.text(), verdict.unforeseen);
}

}  // namespace

const char* name_of(const KernelVerdict& verdict) {
  switch (verdict.standing) {
    case Standing::agrees:
      return verdict.expected_failure ? "xfail" : "agrees";  // As kselftests call it.
    case Standing::open:
      return "not seen yet";
    case Standing::finding:
      return "FINDING";
    case Standing::asked:
      break;
  }
  return "not compared";
}

std::string runs_of(const KernelVerdict& verdict) {
  std::string text = fmt::format("{} of {}", verdict.positive, words::counted(verdict.runs, "run"));
  if (!verdict.ordered && verdict.seconds > 0)
    text += fmt::format(", {:.0f}/s", static_cast<double>(verdict.runs) / verdict.seconds);
  if (verdict.unseen_below)
    text += fmt::format(", unseen is rarer than 1 in {:.0f}", 1 / *verdict.unseen_below);
  if (verdict.unclear > 0) text += fmt::format(", {} of them not listed", verdict.unclear);
  if (verdict.untried > 0)
    text += fmt::format(", {} more refused \"{}\"", verdict.untried, verdict.untried_at);
  if (!verdict.hangs_at.empty()) text += ", then " + verdict.hangs_at;
  return text;
}

std::string line(const std::string& name, const KernelVerdict& verdict, bool verbose,
                 const report::Style& style) {
  if (!ran(verdict))
    return style.faint(fmt::format("{:<40} skipped: {}", name, verdict.skipped)) + '\n';
  const std::string standing = fmt::format("{:<12}", name_of(verdict));
  const bool finding = verdict.standing == Standing::finding;
  std::string text = fmt::format("{:<40} {:<9} {} {}\n", name, litmus::name(verdict.verdict),
                                 finding ? style.bad(standing) : standing, runs_of(verdict));
  if (finding) text += fmt::format("    {} says: {}\n", kernel_rules(), said_instead(verdict));
  if (!verdict.uncompared.empty())
    text += fmt::format("    not compared: {}\n", verdict.uncompared);
  if (!verbose && !finding) return text;
  for (const Observed& end : verdict.ends)
    text += fmt::format("    {:>8} {} {}\n", end.count, end.holds ? "*>" : "  ", end.text);
  if (verbose)
    for (const std::string& method : verdict.methods) text += fmt::format("    {}\n", method);
  if (verbose && verdict.recording) text += report::text(*verdict.recording, style);
  return text;
}

std::string summary(const std::vector<KernelVerdict>& verdicts, double seconds,
                    const report::Style& style) {
  const std::uint64_t findings = count(verdicts, stands(Standing::finding));
  const std::uint64_t failures =
      count(verdicts, [](const KernelVerdict& v) { return ran(v) && v.expected_failure; });
  std::string text = fmt::format(
      "\n{}: {} of {} tests observed, none proved. {} as {} says ({} of them xfail: the test wants "
      "it otherwise), {} not seen yet, {} not compared, ",
      kernel_name(), count(verdicts, ran), verdicts.size(),
      count(verdicts, stands(Standing::agrees)), kernel_rules(), failures,
      count(verdicts, stands(Standing::open)), count(verdicts, stands(Standing::asked)));
  const std::string found = words::counted(findings, "finding");
  text += findings > 0 ? style.bad(found) : found;
  return text + fmt::format(". {:.1f} s\n", seconds);
}

nlohmann::ordered_json json(const std::vector<std::string>& names,
                            const std::vector<KernelVerdict>& verdicts, double seconds) {
  nlohmann::ordered_json tests = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const KernelVerdict& verdict = verdicts[i];
    nlohmann::ordered_json test{{"test", names[i]}};
    if (!ran(verdict)) {
      test["skipped"] = verdict.skipped;
      tests.push_back(std::move(test));
      continue;
    }
    test["verdict"] = litmus::name(verdict.verdict);
    test["expected"] = verdict.expected.text();
    test["standing"] = name_of(verdict);
    if (!verdict.uncompared.empty()) test["not_compared"] = verdict.uncompared;
    if (!verdict.unforeseen.empty()) test["unforeseen"] = verdict.unforeseen;
    test["ordered"] = verdict.ordered;
    if (verdict.unseen_below) test["unseen_below"] = *verdict.unseen_below;
    test["observed"] = verdict.positive;
    test["runs"] = verdict.runs;
    test["not_listed"] = verdict.unclear;
    test["untried"] = verdict.untried;
    test["seconds"] = verdict.seconds;
    if (!verdict.hangs_at.empty()) test["hangs_at"] = verdict.hangs_at;
    test["references"] = verdict.methods;
    for (const Observed& end : verdict.ends)
      test["ends"].push_back({{"end", end.text}, {"holds", end.holds}, {"count", end.count}});
    tests.push_back(std::move(test));
  }
  return {{"version", 1},
          {"kernel", kernel_name()},
          {"compared_with", kernel_rules()},
          {"claim", "observed"},
          {"seconds", seconds},
          {"findings", count(verdicts, stands(Standing::finding))},
          {"tests", std::move(tests)}};
}

namespace {

judge::Standing on_the_page(const KernelVerdict& verdict) {
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
    text += fmt::format(" Rule-set {} says: {}.", kernel_rules(), said_instead(verdict));
  if (!verdict.methods.empty())
    text += fmt::format(" References: {}.", fmt::join(verdict.methods, ", "));
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
                              .standing = on_the_page(verdict),
                              .said = said_of(verdict),
                              .skipped = !verdict.skipped.empty(),
                              .ends = {},
                              .recording = verdict.recording};
    for (const Observed& end : verdict.ends) cell.ends.push_back({end.text, end.holds, end.count});
    column.cells.push_back(std::move(cell));
  }
  return column;
}

}  // namespace lab::kernel
