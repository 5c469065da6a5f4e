// Each function with each of its pointers NULL: an error, nothing, or what libc would do; never a
// fault.
#include <fstream>
#include <functional>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/capi/owned.h"

namespace cleave::c {
namespace {

/// A function, and what it answers to a NULL: nullopt where that is as it should be.
struct Given {
  const char* function;
  std::function<bool(cleave_error*)> is_refused;
};

class CNull : public InC {
 protected:
  void SetUp() override {
    InC::SetUp();
    ok(cleave_space_map(space.get(), 1 << 20, CLEAVE_READ_WRITE, &at, &error));
    statistics.size = sizeof statistics;
    arena_statistics.size = sizeof arena_statistics;
  }

  /// The call gives a code: it is bad_argument, and says so in the error.
  template <class Call>
  static Given code(const char* function, Call call) {
    return {function, [call](cleave_error* e) {
              return call(e) == CLEAVE_BAD_ARGUMENT && says(e, CLEAVE_BAD_ARGUMENT);
            }};
  }
  /// The call gives a handle: there is none.
  template <class Call>
  static Given handle(const char* function, Call call) {
    return {function,
            [call](cleave_error* e) { return call(e) == nullptr && says(e, CLEAVE_BAD_ARGUMENT); }};
  }
  /// The call has no error to give: it gives `value`.
  template <class Value, class Call>
  static Given value(const char* function, Value value, Call call) {
    return {function, [call, value](cleave_error* e) {
              if (e != nullptr) *e = {};
              return call() == value;
            }};
  }
  template <class Call>
  static Given nothing(const char* function, Call call) {
    return value(function, 0, [call] {
      call();
      return 0;
    });
  }
  static bool says(const cleave_error* e, cleave_code code) {
    return e == nullptr || (e->code == code && e->what != nullptr);
  }

  std::vector<Given> all();

  cleave_address at = 0;
  cleave_pool_statistics statistics{};
  cleave_arena_statistics arena_statistics{};
  OwnedSpace space{cleave_space_create(pool.get(), &error)};
  OwnedSnapshot snapshot{cleave_space_snapshot(space.get(), &error)};
  OwnedAccessor accessor{cleave_accessor_create(space.get(), &error)};
  OwnedArena arena{cleave_arena_create(pool.get(), 1 << 20, nullptr, &error)};
  OwnedCommit commit{cleave_arena_head(arena.get(), &error)};
  OwnedHeap heap{cleave_heap_create(cleave_arena_data(arena.get()), 1 << 20, &error)};
};

void see_region(void* /*context*/, cleave_address /*at*/, uint64_t /*bytes*/,
                cleave_protection /*protection*/) {}
void see_range(void* /*context*/, cleave_address /*at*/, uint64_t /*bytes*/) {}
void see_bytes(void* /*context*/, const void* /*at*/, size_t /*bytes*/) {}
void see_segment(void* /*context*/, void* /*at*/, size_t /*bytes*/) {}
void see_commit(void* /*context*/, const cleave_commit* /*commit*/, unsigned /*depth*/) {}

// The table. NOLINTNEXTLINE(readability-function-size)
std::vector<Given> CNull::all() {
  using Error = cleave_error;
  const auto text = [](auto call) { return [call] { return std::string(call()); }; };
  const cleave_access w = CLEAVE_PIN_WRITE;
  const cleave_term t = CLEAVE_SHORT_TERM;
  const cleave_protection p = CLEAVE_READ_WRITE;
  cleave_space* const s = space.get();
  cleave_arena* const a = arena.get();
  cleave_accessor* const x = accessor.get();
  return {
      value("cleave_error_message", size_t{0},
            [] { return cleave_error_message(nullptr, nullptr, 0); }),
      value("cleave_error_message", size_t{9},
            [] {
              const cleave_error unset{CLEAVE_IO, 0, 0, nullptr};
              return cleave_error_message(&unset, nullptr, 100) + 5;
            }),
      nothing("cleave_pool_release", [] { cleave_pool_release(nullptr); }),
      handle("cleave_pool_create_with_backing",
             [](Error* e) { return cleave_pool_create_with_backing(1 << 20, nullptr, e); }),
      value("cleave_pool_has_backing", 0, [] { return cleave_pool_has_backing(nullptr); }),
      code("cleave_pool_merge", [](Error* e) { return cleave_pool_merge(nullptr, 1, nullptr, e); }),
      code("cleave_pool_start_reclaim",
           [](Error* e) { return cleave_pool_start_reclaim(nullptr, 0, 0, e); }),
      nothing("cleave_pool_stop_reclaim", [] { cleave_pool_stop_reclaim(nullptr); }),
      code("cleave_pool_evict", [](Error* e) { return cleave_pool_evict(nullptr, 1, nullptr, e); }),
      code("cleave_pool_reserve", [](Error* e) { return cleave_pool_reserve(nullptr, 1, e); }),
      code("cleave_pool_trim", [](Error* e) { return cleave_pool_trim(nullptr, nullptr, e); }),
      code("cleave_pool_get_statistics",
           [this](Error* e) { return cleave_pool_get_statistics(nullptr, &statistics, e); }),
      code("cleave_pool_get_statistics",
           [this](Error* e) { return cleave_pool_get_statistics(pool.get(), nullptr, e); }),
      handle("cleave_space_create", [](Error* e) { return cleave_space_create(nullptr, e); }),
      nothing("cleave_space_release", [] { cleave_space_release(nullptr); }),
      code("cleave_space_map",
           [this, p](Error* e) { return cleave_space_map(nullptr, 4096, p, &at, e); }),
      code("cleave_space_map",
           [s, p](Error* e) { return cleave_space_map(s, 4096, p, nullptr, e); }),
      code("cleave_space_map_at",
           [p](Error* e) { return cleave_space_map_at(nullptr, 4096, 4096, p, e); }),
      code("cleave_space_unmap",
           [](Error* e) { return cleave_space_unmap(nullptr, 4096, 4096, e); }),
      code("cleave_space_protect",
           [p](Error* e) { return cleave_space_protect(nullptr, 4096, 4096, p, e); }),
      code("cleave_space_discard",
           [](Error* e) { return cleave_space_discard(nullptr, 4096, 4096, e); }),
      nothing("cleave_space_for_each_region",
              [] { cleave_space_for_each_region(nullptr, see_region, nullptr); }),
      nothing("cleave_space_for_each_region",
              [s] { cleave_space_for_each_region(s, nullptr, nullptr); }),
      code("cleave_space_read",
           [](Error* e) {
             char c;
             return cleave_space_read(nullptr, 0, &c, 1, e);
           }),
      code("cleave_space_read",
           [this, s](Error* e) { return cleave_space_read(s, at, nullptr, 1, e); }),
      code("cleave_space_write",
           [](Error* e) { return cleave_space_write(nullptr, 0, "x", 1, e); }),
      code("cleave_space_write",
           [this, s](Error* e) { return cleave_space_write(s, at, nullptr, 1, e); }),
      handle("cleave_space_fork", [](Error* e) { return cleave_space_fork(nullptr, e); }),
      handle("cleave_space_snapshot", [](Error* e) { return cleave_space_snapshot(nullptr, e); }),
      code("cleave_space_rollback",
           [this](Error* e) { return cleave_space_rollback(nullptr, snapshot.get(), e); }),
      code("cleave_space_rollback", [s](Error* e) { return cleave_space_rollback(s, nullptr, e); }),
      handle("cleave_space_pin",
             [w, t](Error* e) { return cleave_space_pin(nullptr, 0, 1, w, t, e); }),
      handle("cleave_space_hold", [](Error* e) { return cleave_space_hold(nullptr, 0, 1, e); }),
      handle("cleave_snapshot_copy", [](Error* e) { return cleave_snapshot_copy(nullptr, e); }),
      nothing("cleave_snapshot_release", [] { cleave_snapshot_release(nullptr); }),
      code("cleave_snapshot_read",
           [](Error* e) {
             char c;
             return cleave_snapshot_read(nullptr, 0, &c, 1, e);
           }),
      code("cleave_snapshot_read",
           [this](Error* e) { return cleave_snapshot_read(snapshot.get(), at, nullptr, 1, e); }),
      handle("cleave_snapshot_view", [](Error* e) { return cleave_snapshot_view(nullptr, 0, e); }),
      handle("cleave_snapshot_fork", [](Error* e) { return cleave_snapshot_fork(nullptr, e); }),
      nothing("cleave_snapshot_for_each_region",
              [] { cleave_snapshot_for_each_region(nullptr, see_region, nullptr); }),
      nothing("cleave_snapshot_for_each_region",
              [this] { cleave_snapshot_for_each_region(snapshot.get(), nullptr, nullptr); }),
      code("cleave_snapshot_diff",
           [this](Error* e) {
             return cleave_snapshot_diff(nullptr, snapshot.get(), see_range, nullptr, e);
           }),
      code("cleave_snapshot_diff",
           [this](Error* e) {
             return cleave_snapshot_diff(snapshot.get(), nullptr, see_range, nullptr, e);
           }),
      code("cleave_snapshot_diff",
           [this](Error* e) {
             return cleave_snapshot_diff(snapshot.get(), snapshot.get(), nullptr, nullptr, e);
           }),
      handle("cleave_accessor_create", [](Error* e) { return cleave_accessor_create(nullptr, e); }),
      nothing("cleave_accessor_release", [] { cleave_accessor_release(nullptr); }),
      code("cleave_load8",
           [](Error* e) {
             uint8_t v;
             return cleave_load8(nullptr, 0, &v, e);
           }),
      code("cleave_load8", [this, x](Error* e) { return cleave_load8(x, at, nullptr, e); }),
      code("cleave_load16",
           [](Error* e) {
             uint16_t v;
             return cleave_load16(nullptr, 0, &v, e);
           }),
      code("cleave_load16", [this, x](Error* e) { return cleave_load16(x, at, nullptr, e); }),
      code("cleave_load32",
           [](Error* e) {
             uint32_t v;
             return cleave_load32(nullptr, 0, &v, e);
           }),
      code("cleave_load32", [this, x](Error* e) { return cleave_load32(x, at, nullptr, e); }),
      code("cleave_load64",
           [](Error* e) {
             uint64_t v;
             return cleave_load64(nullptr, 0, &v, e);
           }),
      code("cleave_load64", [this, x](Error* e) { return cleave_load64(x, at, nullptr, e); }),
      code("cleave_store8", [](Error* e) { return cleave_store8(nullptr, 0, 1, e); }),
      code("cleave_store16", [](Error* e) { return cleave_store16(nullptr, 0, 1, e); }),
      code("cleave_store32", [](Error* e) { return cleave_store32(nullptr, 0, 1, e); }),
      code("cleave_store64", [](Error* e) { return cleave_store64(nullptr, 0, 1, e); }),
      code("cleave_fetch_add32",
           [](Error* e) { return cleave_fetch_add32(nullptr, 0, 1, nullptr, e); }),
      code("cleave_fetch_add64",
           [](Error* e) { return cleave_fetch_add64(nullptr, 0, 1, nullptr, e); }),
      code("cleave_compare_exchange32",
           [](Error* e) {
             uint32_t v = 0;
             return cleave_compare_exchange32(nullptr, 0, &v, 1, e);
           }),
      code("cleave_compare_exchange32",
           [this, x](Error* e) { return cleave_compare_exchange32(x, at, nullptr, 1, e); }),
      code("cleave_compare_exchange64",
           [](Error* e) {
             uint64_t v = 0;
             return cleave_compare_exchange64(nullptr, 0, &v, 1, e);
           }),
      code("cleave_compare_exchange64",
           [this, x](Error* e) { return cleave_compare_exchange64(x, at, nullptr, 1, e); }),
      code("cleave_accessor_read",
           [](Error* e) {
             char c;
             return cleave_accessor_read(nullptr, 0, &c, 1, e);
           }),
      code("cleave_accessor_read",
           [this, x](Error* e) { return cleave_accessor_read(x, at, nullptr, 1, e); }),
      code("cleave_accessor_write",
           [](Error* e) { return cleave_accessor_write(nullptr, 0, "x", 1, e); }),
      code("cleave_accessor_write",
           [this, x](Error* e) { return cleave_accessor_write(x, at, nullptr, 1, e); }),
      handle("cleave_accessor_pin",
             [w, t](Error* e) { return cleave_accessor_pin(nullptr, 0, 1, w, t, e); }),
      value("cleave_pin_pieces", nullptr,
            [] {
              size_t n = 1;
              return cleave_pin_pieces(nullptr, &n);
            }),
      value("cleave_pin_pieces", nullptr, [] { return cleave_pin_pieces(nullptr, nullptr); }),
      value("cleave_pin_size", uint64_t{0}, [] { return cleave_pin_size(nullptr); }),
      nothing("cleave_pin_release", [] { cleave_pin_release(nullptr); }),
      value("cleave_hold_address", cleave_address{0}, [] { return cleave_hold_address(nullptr); }),
      value("cleave_hold_size", uint64_t{0}, [] { return cleave_hold_size(nullptr); }),
      handle("cleave_hold_view", [](Error* e) { return cleave_hold_view(nullptr, 0, 1, e); }),
      code("cleave_hold_read",
           [](Error* e) {
             char c;
             return cleave_hold_read(nullptr, 0, &c, 1, e);
           }),
      nothing("cleave_hold_release", [] { cleave_hold_release(nullptr); }),
      value("cleave_view_pieces", nullptr,
            [] {
              size_t n = 1;
              return cleave_view_pieces(nullptr, &n);
            }),
      value("cleave_view_pieces", nullptr, [] { return cleave_view_pieces(nullptr, nullptr); }),
      value("cleave_view_size", uint64_t{0}, [] { return cleave_view_size(nullptr); }),
      value("cleave_view_is_absent", 0, [] { return cleave_view_is_absent(nullptr); }),
      nothing("cleave_view_release", [] { cleave_view_release(nullptr); }),
      code("cleave_tracking_named",
           [](Error* e) {
             cleave_tracking v;
             return cleave_tracking_named(nullptr, &v, e);
           }),
      code("cleave_tracking_named",
           [](Error* e) { return cleave_tracking_named("async", nullptr, e); }),
      handle("cleave_arena_create",
             [](Error* e) { return cleave_arena_create(nullptr, 4096, nullptr, e); }),
      handle("cleave_arena_take_over",
             [this](Error* e) {
               return cleave_arena_take_over(nullptr, cleave_arena_data(arena.get()), 4096, nullptr,
                                             e);
             }),
      handle("cleave_arena_take_over",
             [this](Error* e) {
               return cleave_arena_take_over(pool.get(), nullptr, 4096, nullptr, e);
             }),
      handle("cleave_arena_restore",
             [](Error* e) { return cleave_arena_restore(nullptr, nullptr, nullptr, e); }),
      code("cleave_arena_fetch",
           [](Error* e) { return cleave_arena_fetch(nullptr, nullptr, 1, nullptr, e); }),
      code("cleave_arena_fetch",
           [a](Error* e) { return cleave_arena_fetch(a, nullptr, 1, nullptr, e); }),
      value("cleave_arena_missing", std::uint64_t{0}, [] { return cleave_arena_missing(nullptr); }),
      code("cleave_writable_segments",
           [](Error* e) { return cleave_writable_segments(nullptr, see_segment, nullptr, e); }),
      code("cleave_writable_segments",
           [this](Error* e) { return cleave_writable_segments(this, nullptr, nullptr, e); }),
      nothing("cleave_arena_release", [] { cleave_arena_release(nullptr); }),
      value("cleave_arena_data", nullptr, [] { return cleave_arena_data(nullptr); }),
      value("cleave_arena_size", uint64_t{0}, [] { return cleave_arena_size(nullptr); }),
      handle("cleave_arena_commit",
             [](Error* e) { return cleave_arena_commit(nullptr, "name", e); }),
      handle("cleave_arena_commit_with",
             [](Error* e) { return cleave_arena_commit_with(nullptr, "name", "", 1, e); }),
      handle("cleave_arena_commit_with",
             [a](Error* e) { return cleave_arena_commit_with(a, "name", nullptr, 1, e); }),
      code("cleave_arena_checkout",
           [this](Error* e) { return cleave_arena_checkout(nullptr, commit.get(), e); }),
      code("cleave_arena_checkout", [a](Error* e) { return cleave_arena_checkout(a, nullptr, e); }),
      code("cleave_arena_revert", [](Error* e) { return cleave_arena_revert(nullptr, e); }),
      handle("cleave_arena_head", [](Error* e) { return cleave_arena_head(nullptr, e); }),
      handle("cleave_arena_find", [](Error* e) { return cleave_arena_find(nullptr, "name", e); }),
      value("cleave_arena_forget", 0, [] { return cleave_arena_forget(nullptr, "name"); }),
      value("cleave_arena_forget", 0, [a] { return cleave_arena_forget(a, nullptr); }),
      code("cleave_arena_for_each_commit",
           [](Error* e) { return cleave_arena_for_each_commit(nullptr, see_commit, nullptr, e); }),
      code("cleave_arena_for_each_commit",
           [a](Error* e) { return cleave_arena_for_each_commit(a, nullptr, nullptr, e); }),
      code("cleave_arena_changes",
           [](Error* e) { return cleave_arena_changes(nullptr, see_bytes, nullptr, e); }),
      code("cleave_arena_changes",
           [a](Error* e) { return cleave_arena_changes(a, nullptr, nullptr, e); }),
      code("cleave_arena_diff",
           [this](Error* e) {
             return cleave_arena_diff(nullptr, commit.get(), commit.get(), see_bytes, nullptr, e);
           }),
      code("cleave_arena_diff",
           [this, a](Error* e) {
             return cleave_arena_diff(a, nullptr, commit.get(), see_bytes, nullptr, e);
           }),
      code("cleave_arena_diff",
           [this, a](Error* e) {
             return cleave_arena_diff(a, commit.get(), nullptr, see_bytes, nullptr, e);
           }),
      code("cleave_arena_diff",
           [this, a](Error* e) {
             return cleave_arena_diff(a, commit.get(), commit.get(), nullptr, nullptr, e);
           }),
      nothing("cleave_arena_mark_dirty", [] { cleave_arena_mark_dirty(nullptr, nullptr, 1); }),
      nothing("cleave_arena_mark_dirty", [a] { cleave_arena_mark_dirty(a, nullptr, 0); }),
      nothing("cleave_arena_mark_pages_dirty",
              [] { cleave_arena_mark_pages_dirty(nullptr, nullptr, nullptr, 1); }),
      nothing("cleave_arena_mark_pages_dirty",
              [a] { cleave_arena_mark_pages_dirty(a, nullptr, nullptr, 1); }),
      value("cleave_arena_device_view", nullptr, [] { return cleave_arena_device_view(nullptr); }),
      handle("cleave_arena_pin",
             [w, t](Error* e) { return cleave_arena_pin(nullptr, nullptr, 1, w, t, e); }),
      handle("cleave_arena_pin",
             [a, w, t](Error* e) { return cleave_arena_pin(a, nullptr, 1, w, t, e); }),
      handle("cleave_arena_hold",
             [](Error* e) { return cleave_arena_hold(nullptr, nullptr, 1, e); }),
      handle("cleave_arena_hold", [a](Error* e) { return cleave_arena_hold(a, nullptr, 1, e); }),
      code("cleave_arena_get_statistics",
           [this](Error* e) { return cleave_arena_get_statistics(nullptr, &arena_statistics, e); }),
      code("cleave_arena_get_statistics",
           [a](Error* e) { return cleave_arena_get_statistics(a, nullptr, e); }),
      value("cleave_arena_tracking_reason", size_t{0},
            [] { return cleave_arena_tracking_reason(nullptr, nullptr, 0); }),
      value("cleave_arena_tracking_reason", true,
            [a] { return cleave_arena_tracking_reason(a, nullptr, 100) > 0; }),
      value("cleave_arena_fault", 0, [] { return cleave_arena_fault(11, nullptr, nullptr); }),
      handle("cleave_commit_copy", [](Error* e) { return cleave_commit_copy(nullptr, e); }),
      nothing("cleave_commit_release", [] { cleave_commit_release(nullptr); }),
      handle("cleave_commit_parent", [](Error* e) { return cleave_commit_parent(nullptr, e); }),
      value("cleave_commit_name", std::string(), text([] { return cleave_commit_name(nullptr); })),
      value("cleave_commit_number", uint64_t{0}, [] { return cleave_commit_number(nullptr); }),
      value("cleave_commit_pages", uint64_t{0}, [] { return cleave_commit_pages(nullptr); }),
      value("cleave_commit_payload", nullptr,
            [] { return cleave_commit_payload(nullptr, nullptr); }),
      value("cleave_commit_equal", 0,
            [this] { return cleave_commit_equal(commit.get(), nullptr); }),
      value("cleave_commit_equal", 0,
            [this] { return cleave_commit_equal(nullptr, commit.get()); }),
      value("cleave_commit_equal", 1, [] { return cleave_commit_equal(nullptr, nullptr); }),
      handle("cleave_commit_snapshot", [](Error* e) { return cleave_commit_snapshot(nullptr, e); }),
      handle("cleave_heap_create",
             [](Error* e) { return cleave_heap_create(nullptr, 1 << 20, e); }),
      handle("cleave_heap_open", [](Error* e) { return cleave_heap_open(nullptr, 1 << 20, e); }),
      nothing("cleave_heap_release", [] { cleave_heap_release(nullptr); }),
      value("cleave_heap_malloc", nullptr, [] { return cleave_heap_malloc(nullptr, 1); }),
      value("cleave_heap_calloc", nullptr, [] { return cleave_heap_calloc(nullptr, 1, 1); }),
      value("cleave_heap_realloc", nullptr,
            [] { return cleave_heap_realloc(nullptr, nullptr, 1); }),
      value("cleave_heap_aligned_alloc", nullptr,
            [] { return cleave_heap_aligned_alloc(nullptr, 16, 1); }),
      nothing("cleave_heap_free", [] { cleave_heap_free(nullptr, nullptr); }),
      nothing("cleave_heap_free", [this] { cleave_heap_free(heap.get(), nullptr); }),
      value("cleave_heap_usable_size", size_t{0},
            [] { return cleave_heap_usable_size(nullptr, nullptr); }),
      value("cleave_heap_usable_size", size_t{0},
            [this] { return cleave_heap_usable_size(heap.get(), nullptr); }),
  };
}

TEST_F(CNull, IsAnErrorOrNothingForEachPointerOfEachFunction) {
  for (const Given& given : all()) {
    cleave_error said{};
    EXPECT_TRUE(given.is_refused(&said)) << given.function << ": " << message(said);
    EXPECT_TRUE(given.is_refused(nullptr)) << given.function << ", without an error to set";
  }
}

// Functions without a pointer, besides the error, that could be NULL.
TEST_F(CNull, IsTriedOnEveryFunctionThatTheHeaderDeclares) {
  std::set<std::string> tried{"cleave_version", "cleave_code_name", "cleave_pool_create",
                              "cleave_try_tracking", "cleave_tracking_name"};
  for (const Given& given : all()) tried.insert(given.function);
  std::ifstream header(CLEAVE_C_HEADER);
  ASSERT_TRUE(header.is_open());
  unsigned declared = 0;
  for (std::string line; std::getline(header, line);) {
    if (line.rfind("//", 0) == 0 || line.rfind(' ', 0) == 0) continue;
    const std::size_t open = line.find('(');
    const std::size_t from = line.find("cleave_", line.rfind(' ', open) + 1);
    if (open == std::string::npos || from == std::string::npos || from > open) continue;
    if (line.rfind("typedef", 0) == 0) continue;
    ++declared;
    const std::string name = line.substr(from, open - from);
    EXPECT_TRUE(tried.contains(name)) << name;
  }
  EXPECT_GT(declared, 80u);
}

TEST_F(CNull, MemoryOfNoBytesIsRead) {
  EXPECT_EQ(cleave_space_read(space.get(), at, nullptr, 0, &error), CLEAVE_OK);
  EXPECT_EQ(cleave_space_write(space.get(), at, nullptr, 0, &error), CLEAVE_OK);
  EXPECT_EQ(cleave_accessor_read(accessor.get(), at, nullptr, 0, &error), CLEAVE_OK);
  EXPECT_EQ(cleave_accessor_write(accessor.get(), at, nullptr, 0, &error), CLEAVE_OK);
  EXPECT_EQ(cleave_snapshot_read(snapshot.get(), at, nullptr, 0, &error), CLEAVE_OK);
}

// What malloc or mmap gave where nobody looked, and sizes that are none.
TEST_F(CNull, MemoryAndSizesThatCannotBeAreRefused) {
  constexpr auto kHuge = std::numeric_limits<std::size_t>::max();
  void* const data = cleave_arena_data(arena.get());
  auto* const map_failed = reinterpret_cast<void*>(std::intptr_t{-1});
  auto* const last_page = reinterpret_cast<void*>(std::intptr_t{-4096});
  for (void* memory : {map_failed, last_page}) {
    EXPECT_EQ(cleave_heap_create(memory, 1 << 20, &error), nullptr);
    EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
    EXPECT_EQ(cleave_heap_open(memory, 1 << 20, &error), nullptr);
  }
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{4096}, std::uint64_t{kHuge}, std::uint64_t{kHuge} - 4095}) {
    EXPECT_EQ(cleave_heap_create(data, size, &error), nullptr) << size;
    EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT) << size;
  }
  char byte = 0;
  EXPECT_EQ(cleave_space_read(space.get(), at, &byte, kHuge, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_space_write(space.get(), at, &byte, kHuge, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_accessor_read(accessor.get(), at, &byte, kHuge, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_snapshot_read(snapshot.get(), at, &byte, kHuge, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_hold(arena.get(), data, kHuge, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_pin(arena.get(), &byte, 1, CLEAVE_PIN_READ, CLEAVE_SHORT_TERM, &error),
            nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kHuge}) {
    statistics.size = size;
    EXPECT_EQ(cleave_pool_get_statistics(pool.get(), &statistics, &error), CLEAVE_BAD_ARGUMENT);
    cleave_arena_options options{};
    options.size = size;
    EXPECT_EQ(cleave_arena_create(pool.get(), 4096, &options, &error), nullptr) << size;
    EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT) << size;
  }
}

}  // namespace
}  // namespace cleave::c
