#include "examples/fuzz/database.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

namespace cleave::example {
namespace {

std::optional<Heap> heap;

int rounded(int bytes) { return (bytes + 15) & ~15; }

const sqlite3_mem_methods kFromHeap{
    .xMalloc = [](int bytes) { return heap->allocate(static_cast<unsigned>(bytes)); },
    .xFree = [](void* block) { heap->deallocate(block); },
    .xRealloc = [](void* block,
                   int bytes) { return heap->reallocate(block, static_cast<unsigned>(bytes)); },
    .xSize = [](void* block) { return static_cast<int>(heap->usable_size(block).value); },
    .xRoundup = rounded,
    .xInit = [](void*) { return SQLITE_OK; },
    .xShutdown = [](void*) {},
    .pAppData = nullptr,
};

void must_work(int code, const char* what) {
  if (code == SQLITE_OK) return;
  std::fprintf(stderr, "fuzz: %s: %s\n", what, sqlite3_errstr(code));
  std::abort();
}

// Fuzzers find queries that would take for ever.
constexpr int kInstructionsAtOnce = 1000;
constexpr int kMostSteps = 20'000;
int steps = 0;
int count_steps(void* /*unused*/) { return ++steps > kMostSteps ? 1 : 0; }

}  // namespace

void sqlite_allocates_from(const Heap& from) {
  heap = from;
  must_work(sqlite3_config(SQLITE_CONFIG_MALLOC, &kFromHeap), "memory");
}

sqlite3* prepare_database() {
  sqlite3* database = nullptr;
  must_work(sqlite3_open(":memory:", &database), "open");
  must_work(
      sqlite3_exec(
          database,
          "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c INT);"
          "CREATE INDEX i ON t (c);"
          "CREATE TABLE u (x, y);"
          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
          " INSERT INTO t SELECT i, 'row number ' || i || ' with some text', i * 7 % 1000 FROM n;"
          "INSERT INTO u SELECT c, b FROM t WHERE a % 50 = 0;",
          nullptr, nullptr, nullptr),
      "prepare");
  (void)sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_progress_handler(database, kInstructionsAtOnce, count_steps, nullptr);
  return database;
}

int execute(sqlite3* database, std::span<const char> statements) {
  steps = 0;
  const std::string text(statements.begin(), statements.end());
  return sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr);
}

unsigned long long fingerprint(sqlite3* database) {
  unsigned long long sum = 0;
  steps = 0;
  sqlite3_stmt* rows = nullptr;
  const char* const all =
      "SELECT a, b, c FROM t UNION ALL SELECT x, y, 0 FROM u UNION ALL "
      "SELECT rowid, sql, 0 FROM sqlite_schema";
  if (sqlite3_prepare_v2(database, all, -1, &rows, nullptr) != SQLITE_OK) return 0;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    for (int column = 0; column < 3; ++column) {
      const auto* text = sqlite3_column_text(rows, column);
      for (; text != nullptr && *text != 0; ++text) sum = (sum ^ *text) * 1099511628211ULL;
    }
  }
  (void)sqlite3_finalize(rows);
  return sum;
}

}  // namespace cleave::example
