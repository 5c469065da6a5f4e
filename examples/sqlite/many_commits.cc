// Ten thousand commits of an SQLite database, whose pages take many times the memory that they may
// have: what nobody has looked at for longest is compressed, and the oldest of that goes to a file.
// Then the history is walked at random. Each commit that is checked out is read to its last row,
// and must hold what the database held when it was made.
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/contents/digest.h"
#include "measure/clock.h"
#include "measure/percentile.h"
#include "tools/console/program.h"
#include "tools/console/progress.h"

using namespace cleave;
using namespace cleave::literals;
using cleave::sqlite::BranchableDatabase;
using cleave::sqlite::Connection;
using cleave::sqlite::Statement;

namespace {

struct Options {
  std::uint64_t commits = 10'000;
  std::uint64_t checkouts = 0;      // 0: as many
  std::uint64_t budget = 64 << 20;  // of memory for what commits remember
  std::uint64_t disk = 0;           // of the swap file; 0: by the commits
  std::string directory;            // where it lies
  std::uint64_t seed = 1;
};

using Random = std::mt19937_64;

// ---- The database: accounts, and transfers between them.

constexpr std::int64_t kAccounts = 20'000;
constexpr int kTransfers = 2;  // a commit

constexpr const char* kTables = R"(
CREATE TABLE accounts(id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, changed INTEGER);
CREATE TABLE transfers(giver INTEGER, taker INTEGER, amount INTEGER, note TEXT);
CREATE INDEX transfers_by_giver ON transfers(giver);
)";

void open_accounts(Connection& database, Random& random) {
  database.execute("BEGIN");
  database.execute(kTables);
  {
    Statement open = database.prepare("INSERT INTO accounts VALUES (?1, ?2, 1000, 0)");
    for (std::int64_t id = 1; id <= kAccounts; ++id) {
      open.bind(1, id);
      open.bind(2, fmt::format("owner {:016x} of account {}", random(), id));
      (void)open.step();
      open.reset();
    }
  }
  database.execute("COMMIT");
}

void transfer(Connection& database, std::uint64_t commit, Random& random) {
  database.execute("BEGIN");
  for (int i = 0; i < kTransfers; ++i) {
    const std::uint64_t giver = 1 + random() % kAccounts;
    const std::uint64_t taker = 1 + random() % kAccounts;
    const std::uint64_t amount = random() % 100;
    database.execute(fmt::format(
        "UPDATE accounts SET balance = balance - {2}, changed = {3} WHERE id = {0};"
        "UPDATE accounts SET balance = balance + {2}, changed = {3} WHERE id = {1};"
        "INSERT INTO transfers VALUES ({0}, {1}, {2}, 'transfer {4} of commit {3}, {5:016x}')",
        giver, taker, amount, commit, i, random()));
  }
  database.execute("COMMIT");
}

/// All that the database holds, as one number.
std::uint64_t digest(Connection& database) {
  std::uint64_t sum = 0;
  for (const auto& [table, held] : sqlite::digests(database)) {
    sum = sum * 0x9e3779b97f4a7c15 + (held.hash ^ held.rows);
  }
  return sum;
}

// ---- Memory

/// A line of /proc/self/status that is in KiB, in bytes.
ByteCount of_process(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == name + ":" && status >> kib) return kib << 10;
  }
  return 0;
}

double mib(ByteCount bytes) { return static_cast<double>(bytes.value) / (1 << 20); }

/// A backing of a pool belongs to the pool; its figures are still asked for here.
struct Memory {
  explicit Memory(const Options& options)
      : swap(must(
            swap_file({.bytes = swap_bytes(options), .directory = options.directory, .depth = 8}))),
        front(must(compressed({.bytes = options.budget / 2,
                               .next = std::move(swap),
                               // As many as there may be: half the bytes at 24 bytes each.
                               .pages = options.budget / 2 / 2 / 24}))),
        beyond(*front),
        pool(must(Pool::create(options.budget / 2, std::move(front)))) {}

  static ByteCount swap_bytes(const Options& options) {
    return options.disk != 0 ? options.disk : 16_MiB + ByteCount{options.commits * (256 << 10)};
  }

  std::unique_ptr<Backing> swap;
  std::unique_ptr<Backing> front;
  const Backing& beyond;
  Pool pool;
};

// ---- The history

struct Point {
  Commit commit;
  std::uint64_t digest;
};

class History {
 public:
  explicit History(const Options& options)
      : options_(options),
        memory_(options),
        beyond_(memory_.beyond),
        database_(std::move(memory_.pool), {.memory = 64_MiB}),
        random_(options.seed) {}

  /// Commits; every hundredth time from a point of the past, so that there are branches.
  void grow() {
    open_accounts(database_.connection(), random_);
    console::Progress progress("commits", options_.commits);
    for (std::uint64_t n = 1; n <= options_.commits; ++n, progress.step()) {
      if (n % 100 == 0) database_.checkout(points_[random_() % points_.size()].commit);
      transfer(database_.connection(), n, random_);
      const measure::Stopwatch watch;
      Commit commit = database_.commit();
      commit_ms_.push_back(watch.ns() / 1e6);
      points_.push_back({std::move(commit), digest(database_.connection())});
    }
  }

  /// Goes to all points, or as many as were asked for, in no order. The number of wrong ones.
  std::uint64_t walk() {
    std::vector<std::size_t> order(points_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, random_);
    if (options_.checkouts != 0) order.resize(std::min(order.size(), options_.checkouts));
    console::Progress progress("checkouts", order.size());
    std::uint64_t wrong = 0;
    for (const std::size_t n : order) {
      pages_.push_back(
          static_cast<double>(database_.differing_pages(database_.head(), points_[n].commit)));
      const measure::Stopwatch watch;
      database_.checkout(points_[n].commit);
      checkout_ms_.push_back(watch.ns() / 1e6);
      if (digest(database_.connection()) != points_[n].digest) {
        fmt::print(stderr, "commit {} holds something else than it held\n", n + 1);
        ++wrong;
      }
      progress.step();
    }
    return wrong;
  }

  void print_times(const char* what) {
    const auto print = [](const char* name, std::span<double> ms) {
      fmt::print("  {:<9} {:>6} times: median {:.2f} ms, 99 % {:.2f}, worst {:.2f}\n", name,
                 ms.size(), measure::median(ms), measure::percentile(ms, 99),
                 measure::percentile(ms, 100));
    };
    fmt::print("{}\n", what);
    if (checkout_ms_.empty()) return print("commit", commit_ms_);
    print("checkout", checkout_ms_);
    fmt::print("  {:.0f} pages differ from one to the next (median)\n", measure::median(pages_));
  }

  void print_memory() const {
    const PoolStatistics pool = database_.pool().statistics();
    const BackingStatistics beyond = beyond_.statistics();
    const ByteCount frames = (pool.budget - pool.untouched - pool.returned) * kPageSize;
    fmt::print("  commits: {:.0f} MiB of pages, {:.1f} times the budget of {:.0f} MiB\n",
               mib(database_.committed()), mib(database_.committed()) / mib(options_.budget),
               mib(options_.budget));
    fmt::print("  the budget: {:.1f} MiB of frames, {:.1f} MiB of compressed pages ({})\n",
               mib(frames), mib(beyond.compressed_bytes), beyond.compressed_pages);
    fmt::print("  pages: {} in memory, {} away; {} went and {} came, ever\n", pool.used, pool.away,
               pool.went, pool.came);
    fmt::print("  disk: {:.0f} MiB taken; {:.0f} MiB written, {:.0f} MiB read, ever\n",
               mib(beyond.disk_bytes), mib(beyond.written * kPageSize),
               mib(beyond.read * kPageSize));
    fmt::print(
        "  VmRSS {:.0f} MiB, of which files (frames, the working tree) {:.0f}; most ever "
        "{:.0f}\n",
        mib(of_process("VmRSS")), mib(of_process("RssShmem")), mib(of_process("VmHWM")));
    const struct mallinfo2 heap = mallinfo2();
    fmt::print("  malloc: {:.0f} MiB, of which most for {} nodes\n",
               mib(heap.uordblks + heap.hblkhd), pool.nodes);
  }

 private:
  const Options& options_;
  Memory memory_;
  const Backing& beyond_;
  BranchableDatabase database_;
  Random random_;
  std::vector<Point> points_;
  std::vector<double> commit_ms_, checkout_ms_, pages_;
};

int run(const Options& options) {
  History history(options);
  const measure::Stopwatch growing;
  history.grow();
  history.print_times(fmt::format("made in {:.0f} s", growing.ns() / 1e9).c_str());
  history.print_memory();
  const measure::Stopwatch walking;
  const std::uint64_t wrong = history.walk();
  history.print_times(
      fmt::format("walked at random in {:.0f} s, each commit read and compared", walking.ns() / 1e9)
          .c_str());
  history.print_memory();
  fmt::print("{}\n", wrong == 0 ? "every commit holds what it held" : "WRONG");
  return wrong == 0 ? 0 : 1;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  Options options;
  return console::run_program(
      "many_commits", "Make many commits of a database with little memory, and walk them at random",
      [&](CLI::App& app) {
        app.add_option("--commits", options.commits, "How many commits to make")
            ->check(CLI::Range(1, 1'000'000))
            ->capture_default_str();
        app.add_option("--checkouts", options.checkouts, "How many to go to; 0: all")
            ->capture_default_str();
        app.add_option("--budget", options.budget,
                       "Memory for what they remember: half for pages, half for compressed ones")
            ->transform(CLI::AsSizeValue(false))
            ->check(CLI::Range(std::uint64_t{2} << 20, std::uint64_t{64} << 30))
            ->capture_default_str();
        app.add_option("--disk", options.disk, "The swap file; 0: 256 KiB a commit")
            ->transform(CLI::AsSizeValue(false))
            ->capture_default_str();
        app.add_option("--directory", options.directory, "Where it lies; $TMPDIR, else /var/tmp");
        app.add_option("--seed", options.seed, "Another seed makes another history")
            ->capture_default_str();
        app.callback([&] { throw console::Exit{run(options)}; });
      },
      argc, argv);
}
