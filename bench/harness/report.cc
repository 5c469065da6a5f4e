#include "bench/harness/report.h"

#include <fmt/format.h>

namespace cleave::bench {
namespace {

constexpr auto kColumns = "{:<31}{:>10}  {:<19}{:>10}{:>9}  {}\n";

// Three digits, with the unit that needs no more.
std::string with_unit(double figure, const std::string& unit) {
  struct Scale {
    const char* unit;
    double size;
    const char* shown;
  };
  static constexpr Scale kScales[] = {
      {"ns", 1e9, "s"},         {"ns", 1e6, "ms"},        {"ns", 1e3, "us"},
      {"bytes", 1024, "KiB"},   {"stores/s", 1e6, "M/s"}, {"bytes/s", 1e9, "GB/s"},
      {"bytes/s", 1e6, "MB/s"},
  };
  for (const Scale& scale : kScales) {
    if (unit == scale.unit && figure >= scale.size) {
      return fmt::format("{:.3g} {}", figure / scale.size, scale.shown);
    }
  }
  return fmt::format("{:.3g} {}", figure, unit == "bytes" ? "B" : unit);
}

double spread(const Samples& samples) { return samples.max() / samples.min(); }

bool is_disturbed(const Row& row) {
  return spread(row.ours) > kWideSpread ||
         (!row.theirs.empty() && spread(row.theirs) > kWideSpread);
}

std::string goal_text(const Row& row) {
  std::string text;
  for (const Goal& goal : row.goals) text += (text.empty() ? "" : ", ") + goal.text;
  return text;
}

std::string verdict(const Row& row) {
  std::string text;
  for (const Goal& goal : row.goals) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", goal.met ? "met:" : "MISSED:", goal.text);
  }
  if (is_disturbed(row)) text += text.empty() ? "(wide spread)" : " (wide spread)";
  return text;
}

}  // namespace

std::string heading() {
  return fmt::format(kColumns, "benchmark", "median", "(min to max)", "baseline", "ratio", "goal");
}

std::string line(const Row& row) {
  const auto shown = [&](double figure) { return with_unit(figure, row.unit); };
  const bool compared = !row.theirs.empty();
  return fmt::format(kColumns, row.name, shown(row.ours.median()),
                     fmt::format("({} to {})", shown(row.ours.min()), shown(row.ours.max())),
                     compared ? shown(row.theirs.median()) : "",
                     compared ? fmt::format("{:.{}f}", row.ratio(), row.ratio() < 100 ? 2 : 0) : "",
                     verdict(row));
}

nlohmann::ordered_json json(const Row& row) {
  nlohmann::ordered_json object = {
      {"name", row.name},        {"unit", row.unit},
      {"runs", row.ours.runs()}, {"median", row.ours.median()},
      {"min", row.ours.min()},   {"max", row.ours.max()},
      {"baseline", nullptr},     {"baseline_median", nullptr},
      {"ratio", nullptr},        {"goal", nullptr},
      {"met", nullptr},          {"wide_spread", is_disturbed(row)},
  };
  if (!row.theirs.empty()) {
    object["baseline"] = row.baseline;
    object["baseline_median"] = row.theirs.median();
    object["baseline_min"] = row.theirs.min();
    object["baseline_max"] = row.theirs.max();
    object["ratio"] = row.ratio();
  }
  if (!row.goals.empty()) {
    object["goal"] = goal_text(row);
    object["met"] = row.met();
  }
  object.update(row.details);
  return object;
}

}  // namespace cleave::bench
