// A database in an arena: what goes back, what is refused, and that nothing outside remembers what
// was inside.
#include "adapters/sqlite/branchable_database.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/must.h>

#include "adapters/sqlite/contents/digest.h"
#include "adapters/sqlite/library_variables.h"
#include "tests/support/temporary_folder.h"

namespace cleave::sqlite {
namespace {

using testing::HasSubstr;
using namespace literals;

constexpr const char* kShop = R"(
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL);
CREATE INDEX item_by_name ON item(name);
CREATE TABLE stock(item INTEGER, shelf TEXT, pieces INTEGER, PRIMARY KEY(item, shelf))
  WITHOUT ROWID;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO item SELECT i, 'item ' || (i * 7919 % 2000), i / 4.0 FROM n;
INSERT INTO stock SELECT id, 'shelf ' || id % 7, id % 100 FROM item;
)";

class Databases : public testing::TestWithParam<Tracking> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(GetParam()); !works) {
      GTEST_SKIP() << name(GetParam()) << ": " << works.error().message();
    }
    database.emplace(BranchableDatabase::Options{.memory = 64_MiB, .tracking = GetParam()});
  }
  Connection& connection() { return database->connection(); }
  std::int64_t items() { return connection().integer("SELECT count(*) FROM item"); }
  void expect_sound() {
    EXPECT_EQ(connection().text("PRAGMA integrity_check"), "ok");
    const auto damage = database->heap().check();
    EXPECT_FALSE(damage) << damage->what;
    EXPECT_THAT(pointers_from_library(database->arena().memory()), testing::IsEmpty());
  }
  std::string refusal(const std::string& sql) {
    try {
      connection().execute(sql);
    } catch (const DatabaseError& error) {
      return error.what();
    }
    return "it was not refused";
  }

  std::optional<BranchableDatabase> database;
};

TEST_P(Databases, GoBackToWhatACommitHeld) {
  connection().execute(kShop);
  const Digests before = digests(connection());
  const Commit full = database->commit();
  connection().execute("DELETE FROM item WHERE id % 2; DROP TABLE stock; VACUUM");
  EXPECT_EQ(items(), 1000);
  database->checkout(full);
  EXPECT_EQ(digests(connection()), before);
  database->checkout(database->first());
  EXPECT_THAT(tables(connection()), testing::IsEmpty());
  expect_sound();
}

TEST_P(Databases, GoAcrossBranchesAndForward) {
  connection().execute(kShop);
  const Commit full = database->commit("full");
  connection().execute("UPDATE item SET name = 'left'");
  const Commit left = database->commit("left");
  database->checkout(full);
  connection().execute("ALTER TABLE item ADD COLUMN weight; DROP INDEX item_by_name");
  const Commit right = database->commit("right");
  database->checkout(left);
  EXPECT_EQ(connection().integer("SELECT count(*) FROM item WHERE name = 'left'"), 2000);
  EXPECT_THAT(refusal("SELECT weight FROM item"), HasSubstr("no such column: weight"));
  database->checkout(right);
  EXPECT_EQ(connection().integer("SELECT count(weight) + count(*) FROM item"), 2000);
  EXPECT_EQ(database->head(), right);
  expect_sound();
}

TEST_P(Databases, CommitInsideATransactionAndItsSavepoints) {
  connection().execute(kShop);
  connection().execute("BEGIN; DELETE FROM item WHERE id > 1000; SAVEPOINT s; DELETE FROM item");
  const Commit inside = database->commit();
  connection().execute("COMMIT; INSERT INTO item VALUES (1, 'alone', 0)");
  EXPECT_FALSE(connection().in_transaction());

  database->checkout(inside);
  EXPECT_TRUE(connection().in_transaction());
  EXPECT_EQ(items(), 0);
  connection().execute("ROLLBACK TO s");
  EXPECT_EQ(items(), 1000);
  connection().execute("ROLLBACK");
  EXPECT_EQ(items(), 2000);

  database->checkout(inside);
  connection().execute("COMMIT");
  EXPECT_EQ(items(), 0);
  expect_sound();
}

TEST_P(Databases, TakeTemporaryTablesAttachedDatabasesAndSettingsWithThem) {
  connection().execute(
      "CREATE TEMP TABLE t AS SELECT 1 AS x; ATTACH ':memory:' AS other;"
      "CREATE TABLE other.u(y); PRAGMA user_version = 7; PRAGMA foreign_keys = on");
  const Commit with = database->commit();
  connection().execute(
      "DROP TABLE t; DETACH other; PRAGMA user_version = 8; PRAGMA foreign_keys = off");
  database->checkout(with);
  EXPECT_EQ(connection().integer("SELECT x FROM t"), 1);
  EXPECT_EQ(connection().integer("SELECT count(*) FROM other.u"), 0);
  EXPECT_EQ(connection().integer("PRAGMA user_version"), 7);
  EXPECT_EQ(connection().integer("PRAGMA foreign_keys"), 1);
  expect_sound();
}

TEST_P(Databases, TakeFullTextIndexesWithThemAndTheStatementsThoseKeep) {
  connection().execute(
      "CREATE VIRTUAL TABLE page USING fts5(text);"
      "INSERT INTO page VALUES ('memory that branches'), ('to cleave')");
  const Commit two = database->commit();
  const char* found = "SELECT count(*) FROM page WHERE page MATCH 'cleave'";
  EXPECT_EQ(connection().integer(found), 1);
  connection().execute("DELETE FROM page WHERE page MATCH 'cleave'; INSERT INTO page VALUES ('x')");
  EXPECT_EQ(connection().integer(found), 0);
  for (int round = 0; round < 3; ++round) {
    database->checkout(two);
    ASSERT_EQ(connection().integer(found), 1);
    connection().execute("DELETE FROM page; INSERT INTO page(page) VALUES ('optimize')");
  }
  database->checkout(two);
  EXPECT_EQ(connection().integer(found), 1);
  expect_sound();
}

TEST_P(Databases, RefuseACommitAndACheckoutWhileAStatementLives) {
  connection().execute(kShop);
  {
    Statement statement = connection().prepare("SELECT id FROM item");
    ASSERT_TRUE(statement.step());
    EXPECT_THROW((void)database->commit(), DatabaseError);
    EXPECT_THROW(database->revert(), DatabaseError);
    EXPECT_THROW(database->look_at(database->first(), [] {}), DatabaseError);
    EXPECT_TRUE(statement.step()) << "refused, and nothing has changed";
  }
  EXPECT_NO_THROW((void)database->commit());
}

TEST_P(Databases, RefuseWhatWouldLeadOutside) {
  const detail::TemporaryFolder folder;
  const std::string file = folder.file("outside.db");
  EXPECT_THAT(refusal("ATTACH '" + file + "' AS f"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("ATTACH 'file:/shared?vfs=memdb' AS f"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("ATTACH 'file::memory:?cache=shared' AS f"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("ATTACH '/tmp/' || 'x' AS f"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("VACUUM INTO '" + file + "'"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("PRAGMA temp_store = file"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("PRAGMA temp_store_directory = '/tmp'"), HasSubstr("authoriz"));
  EXPECT_THAT(refusal("SELECT load_extension('x')"), HasSubstr("authoriz"));
  EXPECT_FALSE(std::filesystem::exists(file));
  expect_sound();
}

TEST_P(Databases, SortWhatIsLargeWithoutAFile) {
  connection().execute(kShop);
  EXPECT_EQ(connection().integer(
                "SELECT count(*) FROM (SELECT DISTINCT a.name || '/' || b.id FROM item a, item b "
                "WHERE b.id <= 40 ORDER BY 1)"),
            80000);
  expect_sound();
}

TEST_P(Databases, CopyRowsWithinATableThoughPagesLieSideBySide) {
  connection().execute(
      "CREATE TABLE t(a, b, c); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
      "WHERE "
      "i < 40000) INSERT INTO t SELECT i, '/usr/share/file ' || (i * 7919 % 40000), i / 200 FROM n;"
      "CREATE INDEX t_by_b ON t(b); CREATE INDEX t_by_c ON t(c)");
  for (int first = 0; first < 20000; first += 1300) {
    connection().execute("INSERT INTO t SELECT * FROM t WHERE rowid BETWEEN " +
                         std::to_string(first) + " AND " + std::to_string(first + 1400));
  }
  expect_sound();
}

TEST_P(Databases, ReportFullMemoryAndGoBack) {
  connection().execute(kShop);
  const Digests before = digests(connection());
  (void)database->commit();
  const std::string told = refusal(
      "CREATE TABLE big(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
      "FROM n) INSERT INTO big SELECT randomblob(100000) FROM n");
  EXPECT_THAT(told, HasSubstr("out of memory"));
  EXPECT_EQ(items(), 2000);
  database->revert();
  EXPECT_EQ(digests(connection()), before);
  connection().execute("INSERT INTO item(name) VALUES ('one more')");
  expect_sound();
}

TEST_P(Databases, LookElsewhereAndComeBackWithUncommittedChanges) {
  connection().execute(kShop);
  const Commit full = database->commit("full");
  connection().execute("BEGIN; DELETE FROM item WHERE id > 10");
  std::int64_t seen = 0;
  database->look_at(full, [&] { seen = items(); });
  EXPECT_EQ(seen, 2000);
  EXPECT_EQ(items(), 10);
  EXPECT_TRUE(connection().in_transaction());
  EXPECT_EQ(database->head(), full);
  EXPECT_THROW(database->look_at(full, [&] { connection().execute("SELECT nothing"); }),
               DatabaseError);
  EXPECT_EQ(items(), 10);
  const Commit after = database->commit();
  EXPECT_EQ(after.parent(), full);
  database->checkout(full);
  database->checkout(after);
  EXPECT_EQ(items(), 10);
  database->checkout(full);
  connection().execute("DELETE FROM item");
  database->look_at(after, [] {});
  database->revert();
  EXPECT_EQ(items(), 2000);
  expect_sound();
}

TEST_P(Databases, AgreeWithFreshOnesOverThousandsOfCommitsAndCheckouts) {
  std::mt19937 random(11);
  struct State {
    Commit commit;
    std::vector<std::string> sql;
  };
  std::vector<State> states{{database->first(), {}}};
  std::vector<std::string> sql;  // from the empty database to the present
  const auto run = [&](const std::string& statement) {
    connection().execute(statement);
    sql.push_back(statement);
  };
  const auto compare = [&](int step) {
    Connection fresh;
    for (const std::string& statement : sql) fresh.execute(statement);
    ASSERT_EQ(digests(connection()), digests(fresh)) << "step " << step;
    ASSERT_EQ(connection().text("PRAGMA integrity_check"), "ok") << "step " << step;
    ASSERT_THAT(pointers_from_library(database->arena().memory()), testing::IsEmpty()) << step;
  };
  for (int step = 0; step < 3000; ++step) {
    const std::string n = std::to_string(random() % 30);
    switch (random() % 8) {
      case 0:
        if (connection().in_transaction()) break;  // what a fresh one runs must end as it began
        states.push_back({database->commit(), sql});
        if (states.size() > 24) states.erase(states.begin() + 1 + random() % 12);
        break;
      case 1:
      case 2: {
        const State& target = states[random() % states.size()];
        database->checkout(target.commit);
        sql = target.sql;
        if (step % 10 == 0) compare(step);
        break;
      }
      case 3:
        run("CREATE TABLE IF NOT EXISTS t" + n +
            "(id INTEGER PRIMARY KEY, a TEXT, b); CREATE INDEX IF NOT EXISTS "
            "i" +
            n + " ON t" + n + "(a)");
        break;
      case 4:
        run("DROP TABLE IF EXISTS t" + n);
        break;
      default: {
        run("CREATE TABLE IF NOT EXISTS t" + n + "(id INTEGER PRIMARY KEY, a TEXT, b)");
        const std::string many = std::to_string(1 + random() % 300);
        run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + many +
            ") INSERT INTO t" + n + "(a, b) SELECT 'row ' || i, zeroblob(i % 50 * 10) FROM n");
        if (random() % 2 == 0) run("DELETE FROM t" + n + " WHERE id % 3 = 0");
        if (random() % 4 == 0) {
          connection().execute("BEGIN; UPDATE t" + n +
                               " SET b = 'lost'; SAVEPOINT s; DELETE FROM t" + n);
          database->checkout(states.back().commit);  // out of an open transaction
          sql = states.back().sql;
        }
      }
    }
  }
  compare(-1);
  expect_sound();
}

TEST_P(Databases, CopyFromFilesAndToFiles) {
  const detail::TemporaryFolder folder;
  const std::string path = folder.file("copy.db");
  connection().execute(kShop);
  const Digests before = digests(connection());
  const Commit full = database->commit();
  {
    Connection file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    file.copy_from(connection());
    EXPECT_EQ(digests(file), before);
    file.execute("PRAGMA journal_mode = wal; DELETE FROM item WHERE id > 5");
  }
  connection().copy_from_file(path);
  EXPECT_EQ(items(), 5);
  const Commit five = database->commit();
  database->checkout(full);
  EXPECT_EQ(digests(connection()), before);
  database->checkout(five);
  EXPECT_EQ(items(), 5);
  expect_sound();
}

TEST_P(Databases, StayWhatTheyAreBesideOthersInMallocsMemory) {
  Connection plain;
  plain.execute(kShop);
  connection().execute(kShop);
  const Commit full = database->commit();
  plain.execute("DELETE FROM item WHERE id > 3");
  connection().execute("DELETE FROM item");
  plain.execute("UPDATE item SET name = name || '!'");
  database->checkout(full);
  EXPECT_EQ(plain.integer("SELECT count(*) FROM item"), 3);
  EXPECT_EQ(items(), 2000);
  EXPECT_EQ(plain.text("PRAGMA integrity_check"), "ok");
  expect_sound();
}

INSTANTIATE_TEST_SUITE_P(By, Databases,
                         testing::Values(Tracking::automatic, Tracking::async, Tracking::sigbus,
                                         Tracking::mprotect),
                         [](const auto& way) { return std::string(name(way.param)); });

TEST(BranchableDatabase, RefusesSoftwareTrackingAndSaysWhy) {
  try {
    BranchableDatabase database({.memory = 16_MiB, .tracking = Tracking::software});
    FAIL() << "it was not refused";
  } catch (const DatabaseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("SQLite does not"));
  }
}

TEST(BranchableDatabase, LeavesNothingInAHeapWhenItCloses) {
  Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 32_MiB));
  const Heap heap = must(Heap::create(arena.memory()));
  {
    Connection connection(heap);
    connection.execute(kShop);
    connection.execute(
        "CREATE VIRTUAL TABLE page USING fts5(text); INSERT INTO page VALUES ('x');"
        "ATTACH ':memory:' AS other; BEGIN; DELETE FROM item");
    EXPECT_GT(heap.statistics().blocks, 0u);
    EXPECT_THAT(pointers_from_library(arena.memory()), testing::IsEmpty());
  }
  EXPECT_EQ(heap.statistics().blocks, 0u) << "SQLite keeps something that no connection needs";
}

TEST(LibraryVariables, AreFoundToPointWhereTheyDo) {
  // SQLite keeps the list of its file systems in variables: each points to the next.
  const auto* own = sqlite3_vfs_find("unix");
  ASSERT_NE(own, nullptr);
  const auto found = pointers_from_library({reinterpret_cast<const std::byte*>(own), sizeof *own});
  EXPECT_THAT(found, testing::Contains(HasSubstr("libsqlite3")));
}

}  // namespace
}  // namespace cleave::sqlite
