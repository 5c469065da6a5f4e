// `cleave demo`: a real database that branches, and proof that each branch holds what it should.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "adapters/sqlite/library_variables.h"
#include "commands.h"
#include "demo_database_edits.h"
#include "demo_database_report.h"
#include "demo_database_rivals.h"
#include "demo_database_source.h"
#include "demo_database_tree.h"
#include "demo_progress.h"
#include "demo_verdict.h"
#include "measure/clock.h"
#include "measure/percentile.h"
#include "tracking_option.h"

namespace cleave::database_demo {
namespace {

using sqlite::BranchableDatabase;
using sqlite::Connection;
using sqlite::DatabaseError;
using namespace literals;

struct Options {
  std::string path;
  std::size_t branches = 40;
  std::size_t steps = 100;
  int runs = 5;
  std::uint64_t seed = 1;
  Tracking tracking = Tracking::automatic;
  bool spoil = false;
  bool json = false;
};

// Room for what the damages and branches add, and for the journals of statements. Not more than that: async
// tracking asks for the whole range at every commit and checkout.
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
    timed(undo, [&] { database.discard(); });

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
  demo::Progress progress("damage, undone", kDamages);
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

void run(const Options& options) {
  demo::give_verdict("cleave demo", options.json, [&] { return work(options); });
}

}  // namespace
}  // namespace cleave::database_demo

void add_demo(CLI::App& app) {
  const auto options = std::make_shared<cleave::database_demo::Options>();
  CLI::App* demo = app.add_subcommand(
      "demo", "Branch a real SQLite database, walk the branches, and compare every row");
  demo->add_option("DB", options->path,
                   "An SQLite database; without one: what dpkg knows of this machine's packages");
  CLI::Option* branches =
      demo->add_option("--branches", options->branches, "How many branches to grow")
          ->check(CLI::Range(1, 100'000))
          ->capture_default_str();
  CLI::Option* steps = demo->add_option("--steps", options->steps, "How many checkouts to walk")
                           ->check(CLI::Range(1, 1'000'000))
                           ->capture_default_str();
  demo->add_option("--seed", options->seed, "Another seed gives other branches")
      ->capture_default_str();
  add_tracking_option(*demo, options->tracking);
  demo->add_flag_callback(
          "--quick",
          [options] {
            options->branches = 8;
            options->steps = 16;
            options->runs = 1;
          },
          "Few branches, few steps, each time measured once")
      ->excludes(branches)
      ->excludes(steps);
  demo->add_flag("--spoil", options->spoil,
                 "Change a bit of the memory in secret: the demo must find it");
  demo->add_flag("--json", options->json, "Print one JSON object");
  demo->callback([options, demo] {
    if (demo->get_subcommands().empty()) cleave::database_demo::run(*options);
  });
  add_demo_space(*demo);
}
