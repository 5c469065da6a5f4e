#include "tools/demo/database/source.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "adapters/sqlite/database_file.h"

namespace cleave::demo::database {
namespace {

using sqlite::Connection;
using sqlite::DatabaseError;
using sqlite::Statement;

constexpr const char* kStatus = "/var/lib/dpkg/status";
constexpr const char* kLists = "/var/lib/dpkg/info";

constexpr const char* kTables = R"(
CREATE TABLE packages(
  name TEXT, architecture TEXT, version TEXT, section TEXT, priority TEXT, kib INTEGER,
  maintainer TEXT, description TEXT);
CREATE TABLE dependencies(package TEXT, relation TEXT, target TEXT);
CREATE TABLE files(package TEXT, path TEXT);
)";

constexpr const char* kIndexes = R"(
CREATE UNIQUE INDEX packages_by_name ON packages(name, architecture);
CREATE INDEX dependencies_by_package ON dependencies(package);
CREATE INDEX dependencies_by_target ON dependencies(target);
CREATE INDEX files_by_package ON files(package);
CREATE INDEX files_by_path ON files(path);
)";

using Paragraph = std::map<std::string, std::string, std::less<>>;

// The next paragraph of "Field: value" lines; a line that begins with a space goes on with the
// field above.
bool read(std::istream& file, Paragraph& paragraph) {
  paragraph.clear();
  std::string* value = nullptr;
  for (std::string line; std::getline(file, line) && !(line.empty() && !paragraph.empty());) {
    if (line.starts_with(' ') && value != nullptr) {
      *value += '\n' + line;
    } else if (const auto colon = line.find(':'); colon != std::string::npos) {
      value = &paragraph[line.substr(0, colon)];
      *value = line.substr(std::min(line.size(), colon + 2));
    }
  }
  return !paragraph.empty();
}

std::string_view field(const Paragraph& paragraph, std::string_view name) {
  const auto found = paragraph.find(name);
  return found == paragraph.end() ? std::string_view() : found->second;
}

void insert(Statement& statement, std::initializer_list<std::string_view> values) {
  int parameter = 0;
  for (const std::string_view value : values) {
    ++parameter;
    value.empty() ? statement.bind_null(parameter) : statement.bind(parameter, value);
  }
  (void)statement.step();
  statement.reset();
}

// "libc6 (>= 2.36), debconf | debconf-2.0": a row for each target, the version with it.
void insert_dependencies(Statement& statement, std::string_view package, std::string_view relation,
                         std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(",|"), list.size());
    const std::string_view target = list.substr(0, end);
    const std::size_t first = target.find_first_not_of(' ');
    if (first != std::string_view::npos) {
      const std::size_t last = target.find_last_not_of(' ');
      insert(statement, {package, relation, target.substr(first, last - first + 1)});
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

void load_packages(Connection& into) {
  Statement package = into.prepare("INSERT INTO packages VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
  Statement dependency = into.prepare("INSERT INTO dependencies VALUES (?1, ?2, ?3)");
  std::ifstream status(kStatus);
  for (Paragraph p; read(status, p);) {
    const std::string_view name = field(p, "Package");
    insert(package, {name, field(p, "Architecture"), field(p, "Version"), field(p, "Section"),
                     field(p, "Priority"), field(p, "Installed-Size"), field(p, "Maintainer"),
                     field(p, "Description")});
    for (const char* relation : {"Pre-Depends", "Depends", "Recommends", "Suggests", "Provides"}) {
      insert_dependencies(dependency, name, relation, field(p, relation));
    }
  }
}

std::vector<std::filesystem::path> lists() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kLists)) {
    if (entry.path().extension() == ".list") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);  // a directory has no order of its own
  return paths;
}

void load_files(Connection& into) {
  Statement file = into.prepare("INSERT INTO files VALUES (?1, ?2)");
  for (const auto& list : lists()) {
    const std::string package = list.stem().string();
    std::ifstream lines(list);
    for (std::string path; std::getline(lines, path);) insert(file, {package, path});
  }
}

void load_dpkg(Connection& into) {
  into.execute("BEGIN");
  into.execute(kTables);
  load_packages(into);
  load_files(into);
  into.execute(kIndexes);
  into.execute("COMMIT");
}

}  // namespace

Source::Source(std::string path) : path_(std::move(path)) {
  if (path_.empty()) {
    if (std::ifstream(kStatus).good()) return;
    throw DatabaseError(fmt::format(
        "{} cannot be read, so there are no packages; give an SQLite database (make demo DB=path)",
        kStatus));
  }
  if (const auto why = sqlite::why_not_read(path_)) {
    throw DatabaseError(
        fmt::format("{}: {}; give an SQLite database, or no file to take what dpkg knows of this "
                    "machine's packages",
                    path_, *why));
  }
}

void Source::load(Connection& into) const {
  path_.empty() ? load_dpkg(into) : into.copy_from_file(path_);
}

std::string Source::name() const {
  return path_.empty() ? "the packages on this machine, as dpkg knows them" : path_;
}

}  // namespace cleave::demo::database
