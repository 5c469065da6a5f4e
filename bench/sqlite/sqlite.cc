// SQLite with its heap in an arena: what that costs while SQL runs, and what going back costs by
// four ways.

#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/memory_routing.h"
#include "bench/sqlite/benchmarks.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

using sqlite::BranchableDatabase;
using sqlite::Connection;

// Of processor time, as everything here: others may use the machine too.
constexpr double kBetweenCommits = 10e6;
constexpr std::size_t kCommitsKept = 16;  // as one who undoes would
constexpr ByteCount kMemory = ByteCount{std::uint64_t{256} << 20};

std::string rows(int count, int from) {
  return "WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) +
         " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(from + count - 1) + ") ";
}

// What a program does with a database, in statements of some milliseconds at most. The same each
// time.
std::vector<std::string> script(bool quick) {
  const int parts = quick ? 10 : 100;
  std::vector<std::string> sql{
      "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, town TEXT)",
      "CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER, cents INTEGER, note TEXT)",
      "CREATE INDEX customer_by_town ON customer(town)",
      "CREATE INDEX purchase_by_customer ON purchase(customer)"};
  const auto add = [&](std::string statement) { sql.push_back(std::move(statement)); };
  for (int part = 0; part < parts; ++part) {
    add(rows(250, part * 250 + 1) +
        "INSERT INTO customer SELECT i, 'customer ' || i, 'town ' || (i * 7919 % 500) FROM n");
    add(rows(1500, part * 1500 + 1) +
        "INSERT INTO purchase SELECT i, i * 104729 % 10000 + 1, i % 5000, 'note ' || i FROM n");
    for (int i = 0; i < 60; ++i) {
      add("SELECT * FROM purchase WHERE customer = " + std::to_string((part * 60 + i) * 7 % 10000));
    }
    for (int i = 0; i < 10; ++i) {
      const std::string town = "'town " + std::to_string((part * 10 + i) % 500) + "'";
      add("SELECT town, count(*), sum(cents) FROM customer JOIN purchase ON customer = customer.id "
          "WHERE town = " +
          town + " GROUP BY town");
      add("UPDATE purchase SET cents = cents + 1 WHERE customer IN (SELECT id FROM customer WHERE "
          "town = " +
          town + ")");
    }
    add("DELETE FROM purchase WHERE id % 97 = " + std::to_string(part % 97));
    add("SELECT customer, sum(cents) AS spent FROM purchase WHERE id BETWEEN " +
        std::to_string(part * 1000) + " AND " + std::to_string(part * 1000 + 3000) +
        " GROUP BY customer ORDER BY spent DESC LIMIT 10");
  }
  return sql;
}

double run_plainly(const std::vector<std::string>& sql) {
  Connection database;
  return measure::processor_nanoseconds_for([&] {
    for (const std::string& statement : sql) database.execute(statement);
  });
}

double run_in_arena(const std::vector<std::string>& sql) {
  BranchableDatabase database({.memory = kMemory});
  return measure::processor_nanoseconds_for([&] {
    for (const std::string& statement : sql) database.connection().execute(statement);
  });
}

double run_with_commits(const std::vector<std::string>& sql) {
  BranchableDatabase database({.memory = kMemory});
  return measure::processor_nanoseconds_for([&] {
    std::deque<Commit> commits;
    double since = 0;
    for (const std::string& statement : sql) {
      since +=
          measure::processor_nanoseconds_for([&] { database.connection().execute(statement); });
      if (since < kBetweenCommits) continue;
      commits.push_back(database.commit());
      if (commits.size() > kCommitsKept) commits.pop_front();
      since = 0;
    }
  });
}

// Each side in a process of its own: how SQLite takes its memory is settled once a process.
std::unique_ptr<measure::Companion> with_routing(const std::function<double()>& measure) {
  return std::make_unique<measure::Companion>([=] { return measure; });
}
std::unique_ptr<measure::Companion> as_it_comes(
    const std::function<measure::Companion::Measure()>& prepare) {
  return std::make_unique<measure::Companion>([=] {
    sqlite::leave_memory_alone();
    return prepare();
  });
}

std::vector<Row> speed(const Settings& settings) {
  const auto sql = script(settings.quick);
  const auto plain = as_it_comes([&] { return [sql] { return run_plainly(sql); }; });
  const auto arena = with_routing([sql] { return run_in_arena(sql); });
  const auto commits = with_routing([sql] { return run_with_commits(sql); });
  const auto [alone, committing, theirs] = in_turn(
      settings.runs(), [&] { return arena->measure(); }, [&] { return commits->measure(); },
      [&] { return plain->measure(); });
  const auto row_of = [&, &theirs = theirs](const char* name, const Samples& ours, double goal,
                                            const char* text) {
    Row row{.name = name,
            .unit = "ns",
            .ours = ours,
            .baseline = "the same SQL with SQLite's memory as it comes",
            .theirs = theirs};
    row.goals.push_back({text, row.ratio() >= goal});
    row.details["statements"] = sql.size();
    return row;
  };
  return {row_of("sqlite/speedtest", alone, 0.95, "0.95 of the plain speed"),
          row_of("sqlite/speedtest/commits", committing, 0.8, "0.8, with a commit every 10 ms")};
}

// A database to go back in, and what is to be undone.
void fill(Connection& database, bool quick) {
  database.execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, path TEXT, package TEXT);"
      "CREATE INDEX t_by_path ON t(path);" +
      rows(quick ? 20'000 : 200'000, 1) +
      "INSERT INTO t SELECT i, '/usr/share/directory/file ' || i, 'package ' || i / 100 "
      "FROM n");
}
constexpr const char* kChange = "UPDATE t SET package = 'changed' WHERE id BETWEEN 5000 AND 5099";

// All of them: remember the state, change 100 rows, go back.
measure::Companion::Measure in_arena(bool quick) {
  auto database =
      std::make_shared<BranchableDatabase>(BranchableDatabase::Options{.memory = kMemory});
  fill(database->connection(), quick);
  return [database] {
    return measure::nanoseconds_for([&] {
      const Commit before = database->commit();
      database->connection().execute(kChange);
      database->checkout(before);
    });
  };
}

std::shared_ptr<Connection> filled(bool quick) {
  auto database = std::make_shared<Connection>();
  fill(*database, quick);
  return database;
}

measure::Companion::Measure by_savepoint(bool quick) {
  return [database = filled(quick)] {
    return measure::nanoseconds_for([&] {
      database->execute("SAVEPOINT before");
      database->execute(kChange);
      database->execute("ROLLBACK TO before; RELEASE before");
    });
  };
}

measure::Companion::Measure by_backup(bool quick) {
  return [database = filled(quick)] {
    return measure::nanoseconds_for([&] {
      Connection copy;
      copy.copy_from(*database);
      database->execute(kChange);
      database->copy_from(copy);
    });
  };
}

measure::Companion::Measure by_fork(bool quick) {
  return [database = filled(quick)] {
    return measure::nanoseconds_for([&] {
      const pid_t child = fork();
      if (child == 0) {
        database->execute(kChange);
        _exit(0);
      }
      measure::wait_for_process(child);
    });
  };
}

std::vector<Row> rollback(const char* name, const char* baseline,
                          measure::Companion::Measure (*prepare)(bool), const Settings& settings) {
  const auto quick = settings.quick;
  const auto ours = std::make_unique<measure::Companion>([=] { return in_arena(quick); });
  const auto theirs = as_it_comes([=] { return prepare(quick); });
  constexpr int kTimes = 9;
  const auto [arena, other] = in_turn(
      settings.runs(), [&] { return median_of_batches(kTimes, [&] { return ours->measure(); }); },
      [&] { return median_of_batches(kTimes, [&] { return theirs->measure(); }); });
  return {Row{.name = name, .unit = "ns", .ours = arena, .baseline = baseline, .theirs = other}};
}

Benchmark going_back(const char* name, const char* baseline,
                     measure::Companion::Measure (*prepare)(bool)) {
  return {name, "remember the state, change 100 rows of 200,000, go back",
          [=](const Settings& settings) { return rollback(name, baseline, prepare, settings); }};
}

}  // namespace

std::vector<Benchmark> sqlite_benchmarks() {
  return {{"sqlite/speedtest", "a fixed script of SQL, its heap in an arena", speed},
          going_back("sqlite/rollback/savepoint", "SAVEPOINT and ROLLBACK TO", by_savepoint),
          going_back("sqlite/rollback/backup", "the backup API, to a copy and back", by_backup),
          going_back("sqlite/rollback/fork", "fork(2), the change in the child, its end", by_fork)};
}

}  // namespace cleave::bench
