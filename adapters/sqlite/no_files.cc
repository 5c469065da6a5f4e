#include "adapters/sqlite/no_files.h"

#include <sqlite3.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace cleave::sqlite {
namespace {

constexpr const char* kName = "cleave-no-files";

int open_nothing(sqlite3_vfs*, const char*, sqlite3_file* file, int, int*) {
  file->pMethods = nullptr;
  return SQLITE_CANTOPEN;
}

// What these set lies in static variables of SQLite, some of it in the connection's memory.
constexpr std::array kPragmas = {"temp_store", "temp_store_directory", "data_store_directory",
                                 "soft_heap_limit", "hard_heap_limit"};

bool is_in_memory(std::string_view name) { return name.empty() || name == ":memory:"; }

bool is_denied(const char* pragma) {
  return std::ranges::any_of(kPragmas,
                             [&](const char* denied) { return strcasecmp(denied, pragma) == 0; });
}

}  // namespace

const char* no_files() {
  static const bool registered = [] {
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.zName = kName;
    vfs.pNext = nullptr;
    vfs.xOpen = open_nothing;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  return registered ? kName : nullptr;
}

int refuse_files(void*, int action, const char* first, const char* second, const char*,
                 const char*) {
  switch (action) {
    case SQLITE_ATTACH:
      // Without a literal name SQLite gives none, and it could be any.
      return first != nullptr && is_in_memory(first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_PRAGMA:
      return second != nullptr && is_denied(first) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_FUNCTION:
      return strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

}  // namespace cleave::sqlite
