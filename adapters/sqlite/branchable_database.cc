#include "adapters/sqlite/branchable_database.h"

#include <exception>
#include <type_traits>
#include <utility>

namespace cleave::sqlite {
namespace {

// What commits may take: many times the database. Only an address range, until it is used.
constexpr std::uint64_t kPoolByArena = 16;

template <class T>
T value(Result<T>&& result) {
  if (!result) throw DatabaseError(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Arena make_arena(Pool& pool, const BranchableDatabase::Options& options) {
  if (options.tracking == Tracking::software) {
    throw DatabaseError(
        "software tracking needs a program that says what it writes, and SQLite does not; take "
        "async, sigbus, mprotect or automatic");
  }
  // What is in an arena is read and written by SQLite's own code: it reads files into malloc's
  // memory.
  return value(Arena::create(pool, options.memory,
                             {.tracking = options.tracking, .system_calls_write = false}));
}

}  // namespace

BranchableDatabase::BranchableDatabase(const Options& options)
    : BranchableDatabase(value(Pool::create(options.memory * kPoolByArena)), options) {}

BranchableDatabase::BranchableDatabase(Pool pool, const Options& options)
    : pool_(std::move(pool)),
      arena_(make_arena(pool_, options)),
      heap_(value(Heap::create(arena_.memory()))) {
  connection_.emplace(heap_);
  first_ = commit();
}

void BranchableDatabase::check_statements(const char* before) const {
  if (connection_->statements() == 0) return;
  throw DatabaseError(std::string("a statement is alive; finalize all of them before ") + before);
}

Commit BranchableDatabase::commit(std::string_view name) {
  check_statements("a commit");
  head_ = value(arena_.commit(name));
  return *head_;
}

void BranchableDatabase::checkout(const Commit& commit) {
  check_statements("a checkout");
  value(arena_.checkout(commit));
  head_ = commit;
}

void BranchableDatabase::look_at(const Commit& commit, const std::function<void()>& look) {
  check_statements("looking at another commit");
  const Commit present = value(arena_.commit());
  value(arena_.checkout(commit));
  std::exception_ptr thrown;
  try {
    look();
    check_statements("coming back");
  } catch (...) {
    thrown = std::current_exception();
  }
  value(arena_.checkout(present));
  if (thrown) std::rethrow_exception(thrown);
}

std::uint64_t BranchableDatabase::changed_pages() {
  std::uint64_t pages = 0;
  value(arena_.changes([&](auto run) { pages += run.size() / kPageSize; }));
  return pages + differing_pages(*head_, arena_.head());
}

std::uint64_t BranchableDatabase::differing_pages(const Commit& a, const Commit& b) const {
  std::uint64_t pages = 0;
  value(arena_.diff(a, b, [&](auto run) { pages += run.size() / kPageSize; }));
  return pages;
}

}  // namespace cleave::sqlite
