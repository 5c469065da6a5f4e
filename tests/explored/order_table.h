// The table of docs/reference/ordering.md that has a row for each order and each weaker one.
#pragma once

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "lab/engine/calls_scene.h"
#include "lab/engine/seam/site.h"
#include "lab/explore/search/orders.h"
#include "tests/explored/handle_scenes.h"

namespace lab::engine {

struct OrderRow {
  explore::Weakened one;
  std::string where;    // "`frames/frame_state.h` `pin`: update"
  std::string change;   // "acquire to relaxed"
  std::string program;  // that shows the difference; empty: none
  std::string answer;   // the last column
  [[nodiscard]] std::string key() const { return where + ", " + change; }
};

inline explore::Options order_options() {
  explore::Options options;
  options.memory = explore::Memory::ra;
  options.check_runs = 1;
  return options;
}

// The scenes are made for it, so they come first.
inline std::vector<explore::Subject> subjects() {
  std::vector<explore::Subject> all;
  for (const Named& scene : kSectionScenes) all.push_back({scene.name, factory_of(scene.scripts)});
  for (const Named& scene : kHandleScenes) all.push_back({scene.name, factory_of(scene.scripts)});
  for (const Named& scene : kSectionScenes)
    all.push_back({std::string(scene.name) + "WithoutMembarrier",
                   factory_of(scene.scripts, {.has_membarrier = false})});
  for (const Calls& calls : all_programs(2, 1))
    all.push_back({calls.text(), [calls] { return std::make_unique<CallsScene>(calls); }});
  return all;
}

// Those that are soon searched.
inline std::vector<explore::Usual> usuals_of(const std::vector<explore::Subject>& subjects) {
  constexpr std::uint64_t kMostRuns = 8000;
  std::vector<explore::Usual> usuals;
  for (const explore::Subject& subject : subjects) {
    explore::Options options = order_options();
    const bool scene = subject.name.find("||") == std::string::npos;
    if (!scene) options.max_runs = kMostRuns / 10;
    if (auto usual = explore::Usual::of(subject, options)) {
      usuals.push_back(std::move(*usual));
    } else if (scene) {
      ADD_FAILURE() << subject.name << ": " << usual.error().what;
    }
  }
  return usuals;
}

inline const char* name_of(explore::Use use) {
  constexpr const char* kNames[] = {"load", "store", "update", "fence"};
  return kNames[static_cast<std::size_t>(use)];
}

// By file and line, so that several of one function are told apart by a number that changes only
// with that function.
using PlacedSite = std::tuple<std::string, unsigned, explore::Use, explore::Order>;
inline PlacedSite placed(const explore::Site& site) {
  const std::size_t at = site.at.find('@');
  return {site.at.substr(0, at), static_cast<unsigned>(std::stoul(site.at.substr(at + 1))),
          site.use, site.order};
}

inline bool is_of_the_engine(const explore::Site& site) {
  return site.at.find('@') != std::string::npos && !site.at.starts_with("tests/") &&
         !site.at.starts_with("lab/");
}
// Without the arguments of a template.
inline std::string function_of(const explore::Site& site) {
  const std::string whole = function_at(site.at);
  return whole == "operator()" ? "a word of the program's" : whole.substr(0, whole.find('<'));
}

inline std::vector<std::pair<explore::Site, std::string>> named_sites(
    const std::vector<explore::Usual>& usuals) {
  std::map<PlacedSite, explore::Site> sites;
  for (const explore::Usual& usual : usuals)
    for (const explore::Site& site : usual.sites())
      if (is_of_the_engine(site)) sites.emplace(placed(site), site);
  std::map<std::string, int> numbers;
  std::vector<std::pair<explore::Site, std::string>> named;
  for (const auto& [place, site] : sites) {
    std::string where =
        fmt::format("`{}` `{}`: {}", std::get<0>(place), function_of(site), name_of(site.use));
    const int number = ++numbers[where + name(site.order)];
    if (number > 1) where += fmt::format(" ({})", number);
    named.emplace_back(site, std::move(where));
  }
  return named;
}

inline OrderRow row_of(const explore::Site& site, const std::string& where, explore::Order from,
                       explore::Order to) {
  return {{site, to}, where, fmt::format("{} to {}", name(from), name(to)), {}, {}};
}

// The first step down of each order.
inline std::vector<OrderRow> rows_without_answers(const std::vector<explore::Usual>& usuals) {
  std::vector<OrderRow> rows;
  for (const auto& [site, where] : named_sites(usuals))
    for (const explore::Order to : explore::weaker(site.order, site.use))
      rows.push_back(row_of(site, where, site.order, to));
  return rows;
}
inline std::vector<OrderRow> rows_without_answers(const std::vector<explore::Subject>& subjects) {
  return rows_without_answers(usuals_of(subjects));
}

inline std::string answer_to(const explore::Weakened& one) {
  const std::string_view what = one.noticed;
  return fmt::format("{}: {}", one.program,
                     what.starts_with("broken: data race") ? "a data race"
                     : what.starts_with("broken: ")        ? "what must not be"
                     : what.starts_with("deadlock")        ? "a deadlock"
                                                           : "another end");
}

inline void weaken(OrderRow& row, const std::vector<explore::Usual>& usuals) {
  for (const explore::Usual& usual : usuals) {
    if (std::ranges::find(usual.sites(), row.one.site) == usual.sites().end()) continue;
    const auto noticed = usual.notices(row.one);
    if (!noticed) {
      row.answer = noticed.error().what;
    } else if (*noticed) {
      row.program = row.one.program;
      row.answer = answer_to(row.one);
    }
    if (!row.answer.empty()) return;
  }
}

// Each order is weakened by a step, on both processors of a small machine.
inline std::vector<OrderRow> weaken_all(const std::vector<explore::Subject>& subjects) {
  const std::vector<explore::Usual> usuals = usuals_of(subjects);
  std::vector<OrderRow> rows = rows_without_answers(usuals);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) weaken(rows[i], usuals);
  };
  {
    const std::jthread helper(work);
    work();
  }
  return rows;
}

constexpr std::string_view kHeading = "## Each order, weakened";

// The page in lines, and which of them are the table's.
struct Page {
  std::vector<std::string> lines;
  std::size_t first = 0, last = 0;
};
inline Page page() {
  Page page;
  std::ifstream in(CLEAVE_PAGES "/reference/ordering.md");
  bool inside = false;
  for (std::string line; std::getline(in, line); page.lines.push_back(line)) {
    if (line.starts_with("## ")) inside = line == kHeading;
    if (!inside || !line.starts_with("|")) continue;
    if (page.first == 0) page.first = page.lines.size();
    page.last = page.lines.size() + 1;
  }
  return page;
}

inline std::vector<OrderRow> rows_of_the_page() {
  std::vector<OrderRow> rows;
  const Page all = page();
  for (std::size_t i = all.first; i < all.last; ++i) {
    const std::string& line = all.lines[i];
    if (!line.starts_with("| `")) continue;
    const std::size_t first = line.find(" | ");
    const std::size_t second = line.find(" | ", first + 1);
    if (second == std::string::npos) continue;
    OrderRow row{{},
                 line.substr(2, first - 2),
                 line.substr(first + 3, second - first - 3),
                 {},
                 line.substr(second + 3, line.size() - second - 5)};
    for (const explore::Order to : {explore::Order::relaxed, explore::Order::acquire,
                                    explore::Order::release, explore::Order::acq_rel})
      if (row.change.ends_with(std::string(" to ") + name(to))) row.one.to = to;
    if (!row.answer.starts_with("none: "))
      row.program = row.answer.substr(0, row.answer.rfind(": "));
    rows.push_back(std::move(row));
  }
  return rows;
}

// The page with the table as it is found; what it says of orders that no program needs stays.
inline void write_page(const char* path, const std::vector<OrderRow>& found) {
  std::map<std::string, std::string> reasons;
  for (const OrderRow& row : rows_of_the_page())
    if (row.program.empty()) reasons[row.key()] = row.answer;
  const Page all = page();
  std::ofstream out(path);
  for (std::size_t i = 0; i < all.first; ++i) out << all.lines[i] << "\n";
  out << "| where | weakened | shown by |\n| --- | --- | --- |\n";
  for (const OrderRow& row : found) {
    std::string answer = row.answer;
    if (answer.empty()) answer = reasons.contains(row.key()) ? reasons[row.key()] : "none: ?";
    out << fmt::format("| {} | {} | {} |\n", row.where, row.change, answer);
  }
  for (std::size_t i = all.last; i < all.lines.size(); ++i) out << all.lines[i] << "\n";
}

}  // namespace lab::engine
