// `cleave sqlite`: a shell on a database that branches.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/database_file.h"
#include "tools/console/program.h"
#include "tools/console/tracking_option.h"
#include "tools/sqlite/lines.h"
#include "tools/sqlite/shell.h"

namespace cleave::shell {
namespace {

using sqlite::BranchableDatabase;
using sqlite::Connection;

struct Options {
  std::string path;
  std::uint64_t memory_mib = 1024;
  Tracking tracking = Tracking::automatic;
  bool bail = false;
};

// What Ctrl-C stops: a statement that runs. One that is being typed is given up by the editor.
Connection* running = nullptr;

void interrupt(int) {
  if (running != nullptr) running->interrupt();
}

class Interruptible {
 public:
  explicit Interruptible(Connection& connection) {
    running = &connection;
    struct sigaction action = {};
    action.sa_handler = interrupt;  // without SA_RESTART: the editor's read(2) must notice
    (void)sigaction(SIGINT, &action, &before_);
  }
  ~Interruptible() {
    (void)sigaction(SIGINT, &before_, nullptr);
    running = nullptr;
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  struct sigaction before_ = {};
};

bool run(const Options& options) {
  if (const auto why = options.path.empty() ? std::nullopt : sqlite::why_not_read(options.path)) {
    throw sqlite::DatabaseError(fmt::format(
        "{}: {}; give an SQLite database, or no file to begin with nothing", options.path, *why));
  }
  BranchableDatabase database({.memory = options.memory_mib << 20, .tracking = options.tracking});
  if (!options.path.empty()) database.connection().copy_from_file(options.path);

  const bool terminal = isatty(STDIN_FILENO) == 1;
  std::unique_ptr<Lines> lines;
  if (terminal) {
    lines = std::make_unique<TerminalLines>();
    fmt::print("SQLite {} in an arena.{} .help lists commands.\n", sqlite3_libversion(),
               options.path.empty() ? "" : " " + options.path + " was copied and is not written.");
  } else {
    lines = std::make_unique<ScriptLines>();
  }
  Shell shell(database, *lines);
  std::optional<Interruptible> interruptible;
  if (terminal) interruptible.emplace(database.connection());
  return shell.run(options.bail) || terminal;
}

void start(const Options& options) {
  bool good = false;
  try {
    good = run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "cleave sqlite: {}\n", error.what());
    throw console::Exit{2};
  }
  if (!good) throw console::Exit{1};
}

void add_options(CLI::App& sqlite, Options& options) {
  sqlite.add_option("FILE", options.path, "An SQLite database to begin with; it is not written");
  sqlite.add_option("--memory", options.memory_mib, "The most that the database may take, in MiB")
      ->check(CLI::Range(16, 65536))
      ->capture_default_str();
  console::add_tracking_option(sqlite, options.tracking);
  sqlite.add_flag("--bail", options.bail, "Stop at the first error");
  sqlite.footer("Commands in the shell:\n" + Shell::help_text());
  sqlite.callback([&options] { start(options); });
}

}  // namespace
}  // namespace cleave::shell

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  cleave::shell::Options options;
  return cleave::console::run_program(
      "cleave sqlite", "An SQL shell on a database that commits and checks out",
      [&](CLI::App& sqlite) { cleave::shell::add_options(sqlite, options); }, argc, argv);
}
