#include "tools/demo/database/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "measure/percentile.h"
#include "tools/console/figures.h"
#include "tools/console/verdict.h"

namespace cleave::demo::database {
namespace {

using console::count;
using console::size;
using console::time;

// 80 columns: what, two ways to do it, four to undo it.
template <typename... Cells>
void row(const std::string& what, const Cells&... cells) {
  fmt::print("{:<25}", what);
  (fmt::print("{:>9}", cells), ...);
  fmt::print("\n");
}

void print_damages(const Report& r) {
  const Way& ours = r.ours.way;
  const auto& [savepoint, backup, process] = r.rivals;
  row("", "pages", "do it", "undo it", "SAVE-", "backup", "");
  row("", "changed", "", "cleave", "POINT", "API", "fork(2)");
  for (std::size_t i = 0; i < r.damages.size(); ++i) {
    row(r.damages[i].what, count(static_cast<std::uint64_t>(r.ours.pages[i])), time(ours.do_ns[i]),
        time(ours.undo_ns[i]), time(savepoint.undo_ns[i]), time(backup.undo_ns[i]),
        time(process.undo_ns[i]));
  }
  row("remember the state first", "", "", time(ours.remember_ns), time(savepoint.remember_ns),
      time(backup.remember_ns), time(process.remember_ns));
  fmt::print(
      "A SAVEPOINT goes back within its own transaction, never to another branch. The\n"
      "backup API copies all; fork(2) takes a process a branch, undone by its end.\n");
}

void print_walk(Report& r) {
  Walk& w = r.walk;
  fmt::print("\n{} of branches, each by other SQL: {} of memory a branch.\n",
             count(r.branches, "branch", "branches"), size(r.bytes_per_branch));
  fmt::print("{} from branch to branch, {} of them out of open transactions:\n",
             count(w.checkouts, "checkout", "checkouts"), count(w.abandoned));
  fmt::print("half took {} or less for {}, the longest {} for {}.\n", time(measure::median(w.ns)),
             count(static_cast<std::uint64_t>(measure::median(w.pages)), "page", "pages"),
             time(measure::percentile(w.ns, 100)),
             count(static_cast<std::uint64_t>(measure::percentile(w.pages, 100))));
  fmt::print(
      "Compared with the same SQL on fresh databases: {}, {};\n"
      "integrity_check {}.\n",
      count(w.tables, "table", "tables"), count(w.rows, "row", "rows"),
      count(w.integrity_checks, "time", "times"));
}

nlohmann::ordered_json json(const Way& way) {
  return {{"remember_ns", way.remember_ns},
          {"do_ns", way.do_ns},
          {"undo_ns", way.undo_ns},
          {"bytes", way.bytes}};
}

}  // namespace

void print_text(Report& r) {
  fmt::print("{}:\n{}, {}, {}, in an arena under SQLite {}. Tracking: {}.\n\n", r.source,
             count(r.tables, "table", "tables"), count(r.rows, "row", "rows"),
             size(static_cast<double>(r.bytes)), sqlite3_libversion(), r.tracking);
  print_damages(r);
  print_walk(r);
  console::print_differences(r.walk.differences, [](const std::string& text) { return text; });
  for (const std::string& fault : r.faults) fmt::print("{}\n", fault);
  if (r.faults.empty()) {
    fmt::print("The heap is whole; none of SQLite's own variables points into the arena.\n");
  }
  console::print_verdict(r.pass(), fmt::format("--seed {}", r.seed));
}

void print_json(Report& r) {
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  for (const Damage& damage : r.damages) names.push_back(damage.what);
  nlohmann::ordered_json ours = json(r.ours.way);
  ours["pages"] = r.ours.pages;
  ours["commit_ns"] = r.ours.commit_ns;
  const nlohmann::ordered_json all{
      {"version", CLEAVE_VERSION},
      {"sqlite", sqlite3_libversion()},
      {"source", r.source},
      {"tracking", r.tracking},
      {"seed", r.seed},
      {"tables", r.tables},
      {"rows", r.rows},
      {"bytes", r.bytes},
      {"first_commit", {{"ns", r.first_commit_ns}, {"pages", r.first_commit_pages}}},
      {"damages", names},
      {"cleave", ours},
      {"savepoint", json(r.rivals.savepoint)},
      {"backup", json(r.rivals.backup)},
      {"fork2", json(r.rivals.process)},
      {"branches", r.branches},
      {"bytes_per_branch", r.bytes_per_branch},
      {"checkouts",
       {{"all", r.walk.checkouts},
        {"out_of_transactions", r.walk.abandoned},
        {"median_ns", measure::median(r.walk.ns)},
        {"max_ns", measure::percentile(r.walk.ns, 100)},
        {"median_pages", measure::median(r.walk.pages)}}},
      {"compared", {{"tables", r.walk.tables}, {"rows", r.walk.rows}}},
      {"integrity_checks", r.walk.integrity_checks},
      {"differences", r.walk.differences},
      {"faults", r.faults},
      {"pass", r.pass()},
  };
  fmt::print("{}\n", all.dump(2));
}

}  // namespace cleave::demo::database
