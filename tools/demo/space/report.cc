#include "tools/demo/space/report.h"

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/console/figures.h"
#include "tools/console/verdict.h"

namespace cleave::demo::space {
namespace {

using console::count;
using console::size;
using console::time;

double bytes_compared(const Report& r) {
  return static_cast<double>((1 + r.branches + r.snapshots) * r.file.size);
}

void row(const char* what, const std::string& a, const std::string& b, const std::string& c) {
  fmt::print("  {:<26}{:>12}{:>12}{:>12}\n", what, a, b, c);
}

nlohmann::json json(const Cost& cost) {
  return {{"make_ns", cost.make_ns}, {"write_ns", cost.write_ns}, {"bytes", cost.bytes}};
}

}  // namespace

void print_text(const Report& r) {
  const Growth& g = r.growth;
  const std::string branches = count(r.branches, "branch", "branches");
  const std::string snapshots = count(r.snapshots, "snapshot", "snapshots");
  fmt::print("{}{}, {}; {}, seed {}\n\n", r.file.path,
             r.file.package.empty() ? "" : " of the package " + r.file.package,
             size(static_cast<double>(r.file.size)), count(r.threads, "thread", "threads"), r.seed);

  fmt::print("{}: {} of the file, {} of branches, {} of snapshots;\n",
             count(r.forks, "fork", "forks"), count(g.forks_of_origin), count(g.forks_of_branches),
             count(g.forks_of_snapshots));
  fmt::print(
      "half of them took {} or less, 99 of 100 {} or less, all threads at work,\n"
      "up to {} pages pinned.\n",
      time(r.fork_median_ns), time(r.fork_p99_ns), Traffic::kMostPinned);
  fmt::print("{} ({} written), {}, {} thrown away.\n", count(g.edits, "edit", "edits"),
             size(static_cast<double>(g.bytes_written)),
             count(g.rollbacks, "rollback", "rollbacks"),
             count(g.thrown_away, "branch", "branches"));
  fmt::print("{} and {} stayed, in {} beside the file.\n", branches, snapshots,
             size(static_cast<double>(r.bytes)));
  const Transfers& t = r.transfers;
  fmt::print("Under I/O meanwhile: {}, in {} and {}{}; bytes lost: {}.\n\n",
             count(t.pages, "page", "pages"), count(t.reads, "read", "reads"),
             count(t.writes, "write", "writes"),
             t.by_ring ? "" : " by single calls (io_uring is not available here)",
             count(t.bytes_lost));

  const std::uint64_t pages = Pages(r.file.size).count;
  const auto whole = [pages](const Cost& cost) {
    return time(cost.make_ns + static_cast<double>(pages) * cost.write_ns);
  };
  fmt::print("A branch that writes to {}:\n", count(pages, "page", "pages"));
  row("", "cleave", "fork(2)", "a copy");
  row("to make it", time(r.space.make_ns), time(r.process.make_ns), time(r.copy.make_ns));
  row("first write to a page", time(r.space.write_ns), time(r.process.write_ns),
      time(r.copy.write_ns));
  row("both, for all its pages", whole(r.space), whole(r.process), whole(r.copy));
  row("its memory", size(r.space.bytes), size(r.process.bytes), size(r.copy.bytes));

  fmt::print("\nCompared with plain copies, byte for byte: the file, {}, {}; {}.\n", branches,
             snapshots, size(bytes_compared(r)));
  console::print_differences(r.differences, [](const Difference& d) {
    return fmt::format("{} differs at offset {}: expected 0x{:02x}, found 0x{:02x}", d.of, d.offset,
                       std::to_integer<int>(d.expected), std::to_integer<int>(d.found));
  });
  for (const std::string& miscount : r.miscounts) fmt::print("{}\n", miscount);
  if (r.miscounts.empty()) {
    fmt::print("The pool's figures add up; without branches no frame is in use.\n");
  }
  console::print_verdict(
      r.pass(), fmt::format("--seed {} --branches {} --threads {}", r.seed, r.forks, r.threads));
}

void print_json(const Report& r) {
  const Growth& g = r.growth;
  nlohmann::json differences = nlohmann::json::array();
  for (const Difference& d : r.differences) {
    differences.push_back({{"of", d.of},
                           {"offset", d.offset},
                           {"expected", std::to_integer<int>(d.expected)},
                           {"found", std::to_integer<int>(d.found)}});
  }
  const nlohmann::ordered_json all{
      {"version", CLEAVE_VERSION},
      {"file", r.file.path},
      {"package", r.file.package},
      {"file_bytes", r.file.size},
      {"threads", r.threads},
      {"seed", r.seed},
      {"forks",
       {{"all", r.forks},
        {"of_file", g.forks_of_origin},
        {"of_branches", g.forks_of_branches},
        {"of_snapshots", g.forks_of_snapshots},
        {"median_ns", r.fork_median_ns},
        {"p99_ns", r.fork_p99_ns}}},
      {"edits", g.edits},
      {"bytes_written", g.bytes_written},
      {"rollbacks", g.rollbacks},
      {"thrown_away", g.thrown_away},
      {"branches", r.branches},
      {"snapshots", r.snapshots},
      {"bytes_beside_file", r.bytes},
      {"io",
       {{"ring", r.transfers.by_ring},
        {"pages", r.transfers.pages},
        {"reads", r.transfers.reads},
        {"writes", r.transfers.writes},
        {"bytes_lost", r.transfers.bytes_lost}}},
      {"pages_written", Pages(r.file.size).count},
      {"cleave", json(r.space)},
      {"fork2", json(r.process)},
      {"copy", json(r.copy)},
      {"bytes_compared", bytes_compared(r)},
      {"differences", differences},
      {"miscounts", r.miscounts},
      {"pass", r.pass()},
  };
  fmt::print("{}\n", all.dump(2));
}

}  // namespace cleave::demo::space
