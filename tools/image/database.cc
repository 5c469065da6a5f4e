#include "tools/image/database.h"

#include <algorithm>
#include <cstring>

#include "adapters/sqlite/memory_routing.h"

namespace cleave::command::image {

// SQLite gives the memory, and calls no destructor.
struct Database::File {
  sqlite3_file base;
  Database* database;
};

namespace {

constexpr int kPage = 4096;

int no_write(sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; }
int no_truncate(sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; }
int done(sqlite3_file*) { return SQLITE_OK; }
int done_as(sqlite3_file*, int) { return SQLITE_OK; }
int is_not_reserved(sqlite3_file*, int* answer) {
  *answer = 0;
  return SQLITE_OK;
}
int has_no_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_of(sqlite3_file*) { return kPage; }
// No locks, no journals, no looks whether it has changed.
int never_changes(sqlite3_file*) { return SQLITE_IOCAP_IMMUTABLE; }

int has_no_other_file(sqlite3_vfs*, const char*, int, int* answer) {
  *answer = 0;
  return SQLITE_OK;
}
int remove_nothing(sqlite3_vfs*, const char*, int) { return SQLITE_OK; }
int same_name(sqlite3_vfs*, const char* name, int size, char* out) {
  (void)sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

int Database::read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  Database& self = *reinterpret_cast<File*>(file)->database;
  const auto from = static_cast<std::uint64_t>(at);
  const auto wanted = static_cast<std::uint64_t>(size);
  const std::uint64_t there = from < self.size_ ? std::min(wanted, self.size_ - from) : 0;
  auto* const bytes = static_cast<std::byte*>(into);
  std::memset(bytes + there, 0, wanted - there);
  if (there != 0) {
    const auto read = self.space_.read(Address{from}, {bytes, there});
    if (!read) {
      self.why_ = read.error().message();
      return SQLITE_IOERR_READ;
    }
  }
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int Database::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* is) {
  file->pMethods = nullptr;
  if (name == nullptr || std::strcmp(name, "image") != 0) return SQLITE_CANTOPEN;
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods methods = {};
    methods.iVersion = 1;
    methods.xClose = done;
    methods.xRead = read;
    methods.xWrite = no_write;
    methods.xTruncate = no_truncate;
    methods.xSync = done_as;
    methods.xFileSize = [](sqlite3_file* of, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>(reinterpret_cast<File*>(of)->database->size_);
      return SQLITE_OK;
    };
    methods.xLock = done_as;
    methods.xUnlock = done_as;
    methods.xCheckReservedLock = is_not_reserved;
    methods.xFileControl = has_no_control;
    methods.xSectorSize = sector_of;
    methods.xDeviceCharacteristics = never_changes;
    return methods;
  }();
  auto* const opened = reinterpret_cast<File*>(file);
  opened->base.pMethods = &kMethods;
  opened->database = static_cast<Database*>(vfs->pAppData);
  if (is != nullptr) *is = flags;
  return SQLITE_OK;
}

Database::Database(const Space& space, std::uint64_t size) : space_(space), size_(size) {
  sqlite::route_memory();  // as a Connection would, before SQLite is used
  const sqlite3_vfs& usual = *sqlite3_vfs_find(nullptr);
  vfs_ = usual;  // its clock, and its random numbers
  vfs_.pNext = nullptr;
  vfs_.zName = "cleave-image";
  vfs_.szOsFile = sizeof(File);
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = remove_nothing;
  vfs_.xAccess = has_no_other_file;
  vfs_.xFullPathname = same_name;
  (void)sqlite3_vfs_register(&vfs_, 0);
}

Database::~Database() { (void)sqlite3_vfs_unregister(&vfs_); }

}  // namespace cleave::command::image
