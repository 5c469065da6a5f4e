// The page cache of databases in memory: it must behave as SQLite's own, also where that is hard.
#include <cleave/must.h>
#include "adapters/sqlite/page_cache.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/contents/digest.h"
#include "adapters/sqlite/memory_routing.h"

namespace cleave::sqlite {
namespace {

using namespace literals;

constexpr const char* kFill =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
    "SELECT i + 1 FROM n "
    "WHERE i < 3000) INSERT INTO t SELECT i, zeroblob(700) FROM n;";

TEST(PageCache, ShrinksAndGrowsAgain) {
  Connection database;
  database.execute(kFill);
  const auto pages = database.integer("PRAGMA page_count");
  for (int round = 0; round < 3; ++round) {
    database.execute("DELETE FROM t WHERE id > 10; VACUUM");
    ASSERT_LT(database.integer("PRAGMA page_count"), pages / 10);
    database.execute("DROP TABLE t");
    database.execute(kFill);
    ASSERT_EQ(database.text("PRAGMA integrity_check"), "ok");
  }
}

TEST(PageCache, MovesPagesForAutoVacuum) {
  Connection database;
  database.execute("PRAGMA auto_vacuum = full");
  database.execute(kFill);
  database.execute("CREATE TABLE u AS SELECT * FROM t");
  database.execute("DELETE FROM t WHERE id % 2; DROP TABLE t");
  EXPECT_EQ(database.text("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(database.integer("SELECT count(*) FROM u"), 3000);
  EXPECT_EQ(database.integer("PRAGMA freelist_count"), 0);
}

TEST(PageCache, TakesEveryPageSize) {
  for (int size = 512; size <= 65536; size *= 2) {
    Connection database;
    database.execute("PRAGMA page_size = " + std::to_string(size));
    database.execute(kFill);
    EXPECT_EQ(database.integer("PRAGMA page_size"), size);
    EXPECT_EQ(database.text("PRAGMA integrity_check"), "ok");
  }
}

TEST(PageCache, RollsBackWhatATransactionAdded) {
  Connection database;
  database.execute(kFill);
  const Digests before = digests(database);
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    database.execute("BEGIN; INSERT INTO t(a) SELECT a FROM t LIMIT " +
                     std::to_string(random() % 3000) +
                     "; SAVEPOINT s; DELETE FROM t WHERE id % 7 = 3;" +
                     (random() % 2 == 0 ? "ROLLBACK TO s;" : "") + "ROLLBACK");
    ASSERT_EQ(digests(database), before);
  }
  EXPECT_EQ(database.text("PRAGMA integrity_check"), "ok");
}

// SQLite 3.40 takes a cell at the beginning of a block that touches a page for one that runs over
// the page's end.
TEST(PageCache, LeavesAGapBehindPages) {
  route_memory();
  std::vector<std::byte> room(std::size_t{65} << 20);
  void* at = room.data();
  std::size_t size = room.size();
  ASSERT_NE(std::align(kPageSize, std::size_t{64} << 20, at, size), nullptr);
  const Heap heap = must(Heap::create({static_cast<std::byte*>(at), std::size_t{64} << 20}));
  const MemoryFrom here(&heap);
  for (const int page_bytes : {512, 4096, 65536}) {
    sqlite3_pcache* cache = page_cache().xCreate(page_bytes, 200, 0);
    std::set<const void*> ends;
    for (unsigned key = 1; key <= 200; ++key) {
      const auto* content = static_cast<const std::byte*>(page_cache().xFetch(cache, key, 2)->pBuf);
      ends.insert(content + page_bytes);
    }
    for (int bytes = 16; bytes <= 1 << 19; bytes += bytes / 4) {
      for (int i = 0; i < 10; ++i) EXPECT_FALSE(ends.contains(sqlite3_malloc(bytes))) << bytes;
    }
    page_cache().xDestroy(cache);
  }
}

TEST(PageCache, KeepsAnArenaNearlyCleanWhileItIsRead) {
  BranchableDatabase database({.memory = 64_MiB});
  database.connection().execute(kFill);
  const Commit full = database.commit();
  const auto pages = database.connection().integer("PRAGMA page_count");
  (void)database.connection().integer("SELECT sum(length(a)) FROM t");
  EXPECT_LT(database.changed_pages(), static_cast<std::uint64_t>(pages) / 4);
}

}  // namespace
}  // namespace cleave::sqlite
