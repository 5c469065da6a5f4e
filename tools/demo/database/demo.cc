#include "tools/demo/database/demo.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "adapters/sqlite/library_variables.h"
#include "measure/clock.h"
#include "measure/percentile.h"
#include "tools/console/progress.h"
#include "tools/console/verdict.h"
#include "tools/demo/database/edits.h"
#include "tools/demo/database/report.h"
#include "tools/demo/database/rivals.h"
#include "tools/demo/database/source.h"
#include "tools/demo/database/tree.h"

namespace cleave::demo::database {
namespace {

using sqlite::BranchableDatabase;
using sqlite::Connection;
using sqlite::DatabaseError;
using namespace literals;

// Room for what the damages and branches add, and for the journals of statements. Not more than
// that: async tracking asks for the whole range at every commit and checkout.
ByteCount room_for(std::uint64_t bytes) {
  return std::clamp<ByteCount>(bytes * 8, 128_MiB, Heap::kLargest);
}

void check(BranchableDatabase& database, const sqlite::Digests& wanted, const char* after,
           Report& report) {
  if (database.connection().text("PRAGMA integrity_check(1)") != "ok") {
    report.faults.push_back(fmt::format("after '{}' was undone, integrity_check differs", after));
  }
  if (sqlite::digests(database.connection()) != wanted) {
    report.faults.push_back(fmt::format("after '{}' was undone, a table differs", after));
  }
}

// One damage, undone twice: before it was committed, and after.
void measure(BranchableDatabase& database, std::size_t i, int runs, std::vector<double>& remember,
             Report& report) {
  std::vector<double> damage, undo, commit, pages, bytes;
  const auto timed = [](std::vector<double>& samples, auto&& work) {
    const measure::Stopwatch watch;
    work();
    samples.push_back(watch.ns());
  };
  for (int run = 0; run < runs; ++run) {
    std::optional<Commit> before;
    timed(remember, [&] { before = database.commit(); });
    timed(damage, [&] { database.connection().execute(report.damages[i].sql); });
    pages.push_back(static_cast<double>(database.changed_pages()));
    timed(undo, [&] { database.revert(); });

    database.connection().execute(report.damages[i].sql);
    std::optional<Commit> after;
    timed(commit, [&] { after = database.commit(); });
    bytes.push_back(static_cast<double>(after->pages() * kPageSize));
    database.checkout(*before);
  }
  report.ours.way.do_ns[i] = measure::median(damage);
  report.ours.way.undo_ns[i] = measure::median(undo);
  report.ours.way.bytes[i] = measure::median(bytes);
  report.ours.commit_ns[i] = measure::median(commit);
  report.ours.pages[i] = measure::median(pages);
}

void do_damage(BranchableDatabase& database, const Options& options, const sqlite::Digests& wanted,
               Report& report) {
  report.damages = damages(database.connection());
  std::vector<double> remember;
  console::Progress progress("damage, undone", kDamages);
  for (std::size_t i = 0; i < kDamages; ++i, progress.step()) {
    measure(database, i, options.runs, remember, report);
    check(database, wanted, report.damages[i].what.c_str(), report);
  }
  report.ours.way.remember_ns = measure::median(remember);
}

void branch_out(BranchableDatabase& database, Connection& origin, const Options& options,
                Report& report) {
  std::mt19937_64 random(options.seed);
  const ByteCount before = database.committed();
  const Tree tree = grow(database, options.branches, random);
  report.branches = tree.size() - 1;
  report.bytes_per_branch = static_cast<double>((database.committed() - before).value) /
                            static_cast<double>(report.branches);
  const auto wanted = expected(origin, tree, report.walk);
  wander(database, tree, wanted, options.steps, options.spoil, random, report.walk);
}

Report work(const Options& options) {
  Report report;
  const Source source(options.path);
  report.source = source.name();
  report.seed = options.seed;
  report.rivals = measure_rivals(source, options.runs);  // first: it wants a small process

  Connection origin;
  source.load(origin);
  const sqlite::Digests wanted = sqlite::digests(origin);
  report.bytes = static_cast<std::uint64_t>(origin.integer("PRAGMA page_count") *
                                            origin.integer("PRAGMA page_size"));
  BranchableDatabase database({.memory = room_for(report.bytes), .tracking = options.tracking});
  source.load(database.connection());
  const measure::Stopwatch watch;
  const Commit loaded = database.commit("loaded");
  report.first_commit_ns = watch.ns();
  report.first_commit_pages = loaded.pages();
  report.tables = wanted.size() - 1;  // the schema is not one of the user's
  for (const auto& [table, digest] : wanted) report.rows += digest.rows;
  check(database, wanted, "loading", report);

  do_damage(database, options, wanted, report);
  branch_out(database, origin, options, report);
  report.tracking = name(database.arena().statistics().tracking);
  report.tracking_reason = database.arena().tracking_reason();

  if (const auto damage = database.heap().check()) {
    report.faults.push_back(fmt::format("the heap: {} at {:#x}", damage->what, damage->where));
  }
  for (const std::string& where : sqlite::pointers_from_library(database.arena().memory())) {
    report.faults.push_back(where + " points into the arena");
  }
  return report;
}

}  // namespace

int run(const Options& options) {
  return console::give_verdict("cleave demo", options.json, [&] { return work(options); });
}

}  // namespace cleave::demo::database
