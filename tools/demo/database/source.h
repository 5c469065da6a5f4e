// What the databases of the demo hold: real data that every Debian has, or a database of the
// user's.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/sqlite/connection.h"

namespace cleave::demo::database {

class Source {
 public:
  /// The SQLite file at `path`; an empty path: what dpkg knows of the packages on this machine,
  /// with their dependencies and files. Throws sqlite::DatabaseError if it is not there, and says
  /// what to give instead.
  explicit Source(std::string path);

  /// Fills an empty database. The same each time.
  void load(sqlite::Connection& into) const;

  [[nodiscard]] std::string name() const;

 private:
  std::string path_;
};

}  // namespace cleave::demo::database
