#include "tools/doctor/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/console/figures.h"

namespace cleave::doctor {
namespace {

using Json = nlohmann::ordered_json;

using console::time;

constexpr std::size_t kWidth = 100;

// Text behind `first`, broken at blanks; what follows is indented as far.
void print_wrapped(const std::string& first, std::string text) {
  std::string before = first;
  const std::size_t room = kWidth - first.size();
  while (text.size() > room) {
    const std::size_t blank = text.rfind(' ', room);
    if (blank == std::string::npos || blank == 0) break;
    fmt::print("{}{}\n", before, text.substr(0, blank));
    text.erase(0, blank + 1);
    before.assign(first.size(), ' ');
  }
  fmt::print("{}{}\n", before, text);
}

void print_finding(const Finding& found) {
  const std::string first = fmt::format("  {:<8} {:<30} ", name(found.standing), found.name);
  if (found.detail.empty()) {
    fmt::print("{}\n", first.substr(0, first.find_last_not_of(' ') + 1));
  } else {
    print_wrapped(first, found.detail);
  }
}

void print_section(const char* title, const std::vector<Finding>& all) {
  fmt::print("\n{}\n", title);
  for (const Finding& found : all) print_finding(found);
}

void print_tracking(const TrackingReport& tracking) {
  fmt::print("\n{:<41} {:>12}{:>16}{:>14}\n", "Tracking of arenas", "first write", "commit, a page",
             "scan, a GiB");
  for (const WayOfTracking& way : tracking.ways) {
    if (!way.cost) {
      print_finding(way.finding);
      continue;
    }
    fmt::print("  {:<8} {:<30} {:>12}{:>16}{:>14}\n", name(way.finding.standing), way.finding.name,
               time(way.cost->first_write), time(way.cost->commit_page),
               time(way.cost->scan_per_gib));
  }
  if (tracking.automatic) {
    print_wrapped("  automatic takes ",
                  fmt::format("{}: {}", cleave::name(*tracking.automatic), tracking.reason));
  } else {
    print_wrapped("  no arena can be made: ", tracking.reason);
  }
}

void print_costs(const Report& report) {
  fmt::print("\nCosts here\n");
  for (const Cost& cost : report.costs) fmt::print("  {:<39} {:>12}\n", cost.name, time(cost.ns));
  if (!report.why_no_costs.empty()) print_wrapped("  not measured: ", report.why_no_costs);
}

Json json(const std::vector<Finding>& all) {
  Json array = Json::array();
  for (const Finding& found : all) {
    array.push_back({{"name", found.name},
                     {"standing", name(found.standing)},
                     {"value", found.value},
                     {"detail", found.detail},
                     {"advice", found.advice}});
  }
  return array;
}

Json json(const TrackingReport& tracking) {
  Json ways = Json::array();
  for (const WayOfTracking& way : tracking.ways) {
    Json object{{"name", way.finding.name},
                {"standing", name(way.finding.standing)},
                {"detail", way.finding.detail}};
    if (way.cost) {
      object["first_write_ns"] = way.cost->first_write;
      object["commit_page_ns"] = way.cost->commit_page;
      object["scan_gib_ns"] = way.cost->scan_per_gib;
    }
    ways.push_back(std::move(object));
  }
  Json object{{"automatic", nullptr}, {"reason", tracking.reason}, {"ways", std::move(ways)}};
  if (tracking.automatic) object["automatic"] = cleave::name(*tracking.automatic);
  return object;
}

}  // namespace

const char* name(Standing standing) noexcept {
  switch (standing) {
    case Standing::ok:
      return "ok";
    case Standing::limited:
      return "limited";
    case Standing::missing:
      return "missing";
  }
  return "unknown";
}

std::vector<std::string> Report::advice() const {
  std::vector<std::string> all;
  for (const auto* findings : {&features, &limits, &judges, &images}) {
    for (const Finding& found : *findings) {
      if (!found.advice.empty() && std::ranges::find(all, found.advice) == all.end()) {
        all.push_back(found.advice);
      }
    }
  }
  return all;
}

void print_text(const Report& report) {
  fmt::print("cleave {} on {}\n", CLEAVE_VERSION, report.system);
  print_section("Kernel", report.features);
  print_section("Limits", report.limits);
  print_tracking(report.tracking);
  print_costs(report);
  print_section("Judges of the laboratory", report.judges);
  print_section("Images: how arenas come, and the stores that this build has", report.images);
  const std::vector<std::string> advice = report.advice();
  if (!advice.empty()) fmt::print("\nAdvice\n");
  for (const std::string& step : advice) print_wrapped("  - ", step);
  fmt::print("\n");
  if (report.works) {
    fmt::print("cleave works here.\n");
  } else {
    print_wrapped("cleave cannot work here: ", report.works.error().message());
  }
}

void print_json(const Report& report) {
  Json costs = Json::array();
  for (const Cost& cost : report.costs) costs.push_back({{"name", cost.name}, {"ns", cost.ns}});
  const Json all{
      {"version", CLEAVE_VERSION},
      {"system", report.system},
      {"works", report.works.has_value()},
      {"why_not", report.works ? "" : report.works.error().message()},
      {"features", json(report.features)},
      {"limits", json(report.limits)},
      {"tracking", json(report.tracking)},
      {"costs", costs},
      {"why_no_costs", report.why_no_costs},
      {"judges", json(report.judges)},
      {"images", json(report.images)},
      {"advice", report.advice()},
  };
  fmt::print("{}\n", all.dump(2));
}

}  // namespace cleave::doctor
