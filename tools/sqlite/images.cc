#include "tools/sqlite/images.h"

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "adapters/sqlite/database_file.h"
#include "tools/console/programs.h"

namespace cleave::shell {
namespace {

using sqlite::Connection;
using sqlite::DatabaseError;

// A place for a database file, which goes with it.
class Beside {
 public:
  Beside() {
    std::error_code failed;
    folder_ = std::filesystem::temp_directory_path(failed) / "cleave-sqlite.XXXXXX";
    if (failed || mkdtemp(folder_.data()) == nullptr) {
      throw DatabaseError("no folder can be made for the database's file; set TMPDIR to one");
    }
  }
  ~Beside() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  [[nodiscard]] std::string file() const { return folder_ + "/database"; }

 private:
  std::string folder_;
};

std::string image(std::vector<std::string> arguments) {
  const auto program = console::find_program("image");
  if (!program) {
    throw DatabaseError(
        "this cleave was built without images; install libssl-dev and libzstd-dev and build it "
        "again");
  }
  std::string said = console::output_of(*program, std::move(arguments));
  if (said.empty()) throw DatabaseError("nothing was pushed or pulled");
  return said;
}

}  // namespace

std::string push(Connection& database, const std::string& repository, const std::string& ref,
                 const std::string& message) {
  const Beside beside;
  {
    Connection file(beside.file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    file.copy_from(database);
  }
  return image({"push", repository, ref, beside.file(), "--message", message});
}

void pull(Connection& database, const std::string& repository, const std::string& ref) {
  const Beside beside;
  (void)image({"checkout", repository, ref, beside.file()});
  if (const auto why = sqlite::why_not_read(beside.file())) {
    throw DatabaseError(fmt::format("{} is no SQLite database's: {}", ref, *why));
  }
  database.copy_from_file(beside.file());
}

}  // namespace cleave::shell
