// `cleave image query`: SQL on a database of a commit, which stays where it lies.
#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <cleave/image/lazy.h>

#include "tools/image/commands.h"
#include "tools/image/database.h"
#include "tools/image/failure.h"
#include "tools/image/file.h"
#include "tools/image/stores.h"
#include "tools/sqlite/columns.h"

namespace cleave::command::image {
namespace {

using Json = nlohmann::ordered_json;
using sqlite::Statement;

Json value_of(const Statement& row, int column) {
  switch (row.type(column)) {
    case SQLITE_INTEGER:
      return row.integer(column);
    case SQLITE_FLOAT:
      return row.real(column);
    case SQLITE_NULL:
      return nullptr;
    case SQLITE_BLOB: {
      std::string digits;
      for (const char c : row.blob(column)) {
        digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
      }
      return {{"blob", digits}};
    }
    default:
      return row.text(column);
  }
}

Json all_rows(Statement& statement) {
  Json columns = Json::array();
  for (int i = 0; i < statement.columns(); ++i) columns.push_back(statement.column_name(i));
  Json rows = Json::array();
  while (statement.step()) {
    Json row = Json::array();
    for (int i = 0; i < statement.columns(); ++i) row.push_back(value_of(statement, i));
    rows.push_back(std::move(row));
  }
  return {{"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

std::string statements_of(const Options& options) {
  if (options.sql) return *options.sql;
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

}  // namespace

// Nothing is written to the store, so that no right to do so is needed: who reads for so short a
// time takes no lease, and a page that a collector came for is an error.
void query(const Options& options) {
  LazyImages images =
      got(LazyImages::open(store_at(options.repository, Use::read),
                           {.memory = ByteCount{options.memory_mib << 20}, .lease = false}),
          options.repository);
  const ImageId commit = got(images.resolve(options.ref), options.ref);
  LazyCheckout lazy = got(images.checkout(commit), options.ref);
  const auto size = size_of_file(lazy.record());
  if (!size) fail(options.ref, "it is no file's commit, and so no database's");
  Database database(lazy.space(), *size);
  Json results = Json::array();
  try {
    database.query(statements_of(options), [&](Statement& statement) {
      if (!options.json) return shell::print_rows(statement, 0);
      results.push_back(all_rows(statement));
    });
  } catch (const sqlite::DatabaseError& error) {
    fail(options.ref, error.what());
  }
  if (!options.json) return;
  const LazyProgress progress = lazy.progress();
  const Json all{
      {"results", std::move(results)}, {"pages", progress.pages}, {"pages_read", progress.had}};
  fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace cleave::command::image
