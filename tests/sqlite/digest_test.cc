// Digests and differences of databases: alike exactly if the contents are.
#include "adapters/sqlite/contents/digest.h"

#include <string>

#include <gtest/gtest.h>

#include "adapters/sqlite/contents/row_diff.h"

namespace cleave::sqlite {
namespace {

Digests of(const std::string& sql) {
  Connection database;
  database.execute(sql);
  return digests(database);
}

TEST(Digest, TellsValuesTypesRowidsAndOrderApart) {
  const std::string table = "CREATE TABLE t(a, b);";
  const Digests one = of(table + "INSERT INTO t VALUES ('ab', 'c'), (1, NULL)");
  EXPECT_EQ(one, of(table + "INSERT INTO t VALUES ('ab', 'c'); INSERT INTO t VALUES (1, NULL)"));
  for (const char* other :
       {"INSERT INTO t VALUES ('a', 'bc'), (1, NULL)",
        "INSERT INTO t VALUES ('ab', 'c'), ('1', NULL)",
        "INSERT INTO t VALUES ('ab', 'c'), (1.0, NULL)",
        "INSERT INTO t VALUES ('ab', 'c'), (1, '')", "INSERT INTO t VALUES (1, NULL), ('ab', 'c')",
        "INSERT INTO t VALUES (x'6162', 'c'), (1, NULL)",
        "INSERT INTO t(rowid, a, b) VALUES (1, 'ab', 'c'), (3, 1, NULL)"}) {
    EXPECT_NE(one, of(table + other)) << other;
  }
  EXPECT_NE(one, of("CREATE TABLE t(a, b TEXT); INSERT INTO t VALUES ('ab', 'c'), (1, NULL)"));
}

TEST(Digest, ReadsTheTableWhereAnIndexHoldsAllItsColumns) {
  const std::string sql = "CREATE TABLE t(a); INSERT INTO t VALUES (2), (1);";
  EXPECT_EQ(of(sql).at("t"), of(sql + "CREATE INDEX i ON t(a)").at("t"));
}

TEST(RowDiff, CountsByPrimaryKey) {
  Connection database;
  database.execute(
      "CREATE TABLE t(k TEXT PRIMARY KEY, v); CREATE TABLE gone(x); CREATE TABLE same(x);"
      "INSERT INTO same VALUES (1); INSERT INTO gone VALUES (1), (2);"
      "INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)");
  const RowHashes before = row_hashes(database);
  database.execute(
      "DROP TABLE gone; CREATE TABLE fresh(x); INSERT INTO fresh VALUES (5);"
      "DELETE FROM t WHERE k = 'a'; INSERT INTO t VALUES ('d', 4), ('e', 5);"
      "UPDATE t SET v = 0 WHERE k = 'b'; ALTER TABLE t ADD COLUMN w");
  const auto diffs = row_diff(before, row_hashes(database));
  ASSERT_EQ(diffs.size(), 3u);
  EXPECT_EQ(diffs[0].table, "fresh");
  EXPECT_TRUE(diffs[0].appeared);
  EXPECT_EQ(diffs[0].added, 1u);
  EXPECT_EQ(diffs[1].table, "gone");
  EXPECT_TRUE(diffs[1].disappeared);
  EXPECT_EQ(diffs[1].removed, 2u);
  EXPECT_EQ(diffs[2].table, "t");
  EXPECT_TRUE(diffs[2].redefined);
  EXPECT_EQ(diffs[2].added, 2u);
  EXPECT_EQ(diffs[2].removed, 1u);
  EXPECT_EQ(diffs[2].changed, 2u) << "a new column changes every row that stayed";
}

TEST(RowDiff, FindsNothingBetweenEqualStates) {
  Connection database;
  database.execute(
      "CREATE TABLE t(a, b, PRIMARY KEY(b, a)) WITHOUT ROWID; INSERT INTO t VALUES (1, 2)");
  EXPECT_TRUE(row_diff(row_hashes(database), row_hashes(database)).empty());
}

}  // namespace
}  // namespace cleave::sqlite
