#include "adapters/sqlite/database_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "adapters/sqlite/connection.h"

namespace cleave::sqlite {

std::optional<std::string> why_not_read(const std::string& path) {
  // SQLite takes a pipe for an empty database, or waits at it for ever.
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) return "it is a folder";
  if (std::filesystem::is_other(status)) return "it is no regular file";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::strerror(errno);
  (void)close(file);
  try {
    Connection(path, SQLITE_OPEN_READONLY).integer("PRAGMA schema_version");
  } catch (const DatabaseError& error) {
    return error.what();
  }
  return {};
}

std::optional<std::string> why_not_created(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return std::strerror(errno);
  (void)close(file);
  (void)unlink(path.c_str());
  return {};
}

}  // namespace cleave::sqlite
