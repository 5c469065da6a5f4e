// What a push costs: of all of a heap, and of what has changed in one.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "adapters/sqlite/branchable_database.h"
#include "bench/image/benchmarks.h"
#include "bench/image/prepared.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

using measure::Companion;
using sqlite::BranchableDatabase;

// Seconds that a command takes; nothing: it is not installed, or fails.
std::optional<double> seconds_of(const std::string& command) {
  int status = 0;
  const double ns = measure::nanoseconds_for([&] { status = std::system(command.c_str()); });
  if (status != 0) return std::nullopt;
  return ns / 1e9;
}

std::string write_flat(const Folder& folder, std::uint64_t pages) {
  const std::string name = folder.path() + "/flat";
  std::ofstream out(name, std::ios::binary);
  pages_of_a_heap(pages, [&](std::uint64_t, std::span<const std::byte> page) {
    out.write(reinterpret_cast<const char*>(page.data()),
              static_cast<std::streamsize>(page.size()));
  });
  return name;
}

double push_all(const Snapshot& snapshot) {
  const Folder folder;
  Repository repository = must(Repository::create(must(directory_store(folder.path()))));
  return measure::nanoseconds_for([&] { must(repository.push(snapshot, "main")); }) / 1e9;
}

// What stands for the figure of a command that fails.
constexpr double kFailed = std::numeric_limits<double>::quiet_NaN();

bool has_restic() { return seconds_of("restic version >/dev/null 2>&1").has_value(); }

// A shop's customers, in an arena, pushed once.
class PushedShop {
 public:
  PushedShop() : database_({.memory = kMemory}) {
    sqlite::Connection& sql = database_.connection();
    sql.execute(
        "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city TEXT, cents INTEGER);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 160000) "
        "INSERT INTO customer SELECT i, 'customer ' || i * 7919, 'city ' || i % 997, i * 31 FROM n;"
        "CREATE INDEX by_city ON customer(city, id)");
    commit();
    pushed_ = must(repository_.push(*head_, "shop"));
  }

  void change(const std::string& sql) {
    database_.connection().execute(sql);
    commit();
  }
  double push_change() {
    return measure::nanoseconds_for(
               [&] { pushed_ = must(repository_.push(*head_, "shop", {.since = &*pushed_})); }) /
           1e6;
  }
  [[nodiscard]] double pages_put() const { return static_cast<double>(pushed_->pages_put()); }
  /// What restic takes for a flat dump of the heap, which it has seen before the change; not a
  /// number if it fails. Its start and the derivation of its key are part of that.
  double by_restic() {
    const std::string dump = folder_.path() + "/dump";
    // Its cache goes with the folder: by default it is in the user's home, and stays there.
    const std::string restic = "RESTIC_PASSWORD=x restic --quiet -r '" + folder_.path() +
                               "/restic' --cache-dir '" + folder_.path() + "/cache' ";
    std::ofstream(dump, std::ios::binary)
        .write(reinterpret_cast<const char*>(database_.arena().data()), kMemory);
    if (!std::exchange(restic_is_ready_, true) && !seconds_of(restic + "init")) return kFailed;
    return seconds_of(restic + "backup '" + dump + "'").value_or(kFailed) * 1e3;
  }
  /// As one that knows of no push before, to a repository where nothing is.
  double push_whole() {
    const Folder folder;
    Repository there = must(Repository::create(must(directory_store(folder.path()))));
    return measure::nanoseconds_for([&] { must(there.push(*head_, "shop")); }) / 1e6;
  }

 private:
  static constexpr std::size_t kMemory = std::size_t{64} << 20;
  void commit() { head_ = database_.commit(); }

  BranchableDatabase database_;
  Folder folder_;
  Repository repository_ = must(Repository::create(must(directory_store(folder_.path()))));
  std::optional<Commit> head_;
  std::optional<PushedImage> pushed_;
  bool restic_is_ready_ = false;
};

// Alternately: how long a push of the change takes, how many pages that were, and how long restic
// takes for it, or a push of all. In a process of its own: where SQLite takes its memory is settled
// once a process.
std::unique_ptr<Companion> shop_that_runs(const std::string& sql, bool restic) {
  return std::make_unique<Companion>([sql, restic]() -> Companion::Measure {
    const auto shop = std::make_shared<PushedShop>();
    return [shop, sql, restic, turn = 0]() mutable {
      switch (turn++ % 3) {
        case 0:
          shop->change(sql);
          return shop->push_change();
        case 1:
          return shop->pages_put();
        default:
          return restic ? shop->by_restic() : shop->push_whole();
      }
    };
  });
}

// `sql` is run before each push.
Row push_of_change(const Settings& settings, const char* name, const char* sql) {
  const bool restic = has_restic();
  const auto shop = shop_that_runs(sql, restic);
  Samples pages;
  bool failed = false;
  const auto [ours, theirs] = in_turn(
      settings.quick ? 2 : 5,
      [&] {
        const double ms = shop->measure();
        pages.add(shop->measure());
        return ms;
      },
      [&] {
        const double ms = shop->measure();
        failed = failed || std::isnan(ms);
        return ms;
      });
  Row row{.name = name, .unit = "ms", .ours = ours};
  if (!failed) {
    row.baseline = restic ? "restic, its start included, of a flat dump that it has seen"
                          : "a push of the whole heap to where nothing is";
    row.theirs = theirs;
  }
  if (failed) {
    row.details["note"] = "restic fails";
  } else if (restic) {
    row.goals.push_back({"10 times", row.ratio() >= 10});
  } else {
    row.details["note"] = "restic is not installed";
  }
  row.details["KiB of pages put"] = pages.median() * kPageSize / 1024;
  return row;
}

}  // namespace

std::vector<Row> push_first(const Settings& settings) {
  const std::uint64_t pages = settings.quick ? 1 << 14 : 1 << 18;
  const Folder folder;
  const std::string flat = write_flat(folder, pages);
  const Pool pool = must(Pool::create(ByteCount{(pages + pages / 16) * kPageSize}));
  Space space = must(Space::create(pool));
  must(space.map_at(Prepared::kBase, ByteCount{pages * kPageSize}));
  pages_of_a_heap(pages, [&](std::uint64_t n, std::span<const std::byte> page) {
    must(space.write(Prepared::kBase + n * kPageSize, page));
  });
  const Snapshot snapshot = must(space.snapshot());
  const auto zstd = [&] { return seconds_of("zstd -1 -q -c '" + flat + "' >/dev/null"); };
  const auto sha256 = [&] { return seconds_of("sha256sum '" + flat + "' >/dev/null"); };
  bool can = zstd() && sha256();
  const auto theirs = [&](const auto& command) {
    const double seconds = can ? command().value_or(kFailed) : kFailed;
    can = can && !std::isnan(seconds);
    return seconds;
  };
  const auto [ours, packed, hashed] = in_turn(
      settings.quick ? 2 : 3, [&] { return push_all(snapshot); }, [&] { return theirs(zstd); },
      [&] { return theirs(sha256); });
  Row row{.name = "image/push", .unit = "s", .ours = ours};
  if (!can) {
    row.details["note"] = "zstd or sha256sum is not installed, or fails";
    return {row};
  }
  const bool by_zstd = packed.median() > hashed.median();
  row.baseline = by_zstd ? "zstd -1 of a flat file" : "sha256sum of a flat file";
  row.theirs = by_zstd ? packed : hashed;
  row.details["zstd -1, s"] = packed.median();
  row.details["sha256sum, s"] = hashed.median();
  row.goals.push_back({"0.8 of it", row.ratio() >= 0.8});
  return {row};
}

std::vector<Row> push_one_row(const Settings& settings) {
  Row row = push_of_change(settings, "image/push-one-row",
                           "UPDATE customer SET cents = cents + 1 WHERE id = 80000");
  const double put = row.details["KiB of pages put"];
  row.goals.push_back({"at most 100 KiB", put <= 100});
  return {row};
}

// Each time those of another remainder.
std::vector<Row> push_deleted(const Settings& settings) {
  return {push_of_change(settings, "image/push-delete-1%",
                         "DELETE FROM customer WHERE id % 100 = (SELECT min(id) % 100 FROM "
                         "customer WHERE id % 100 > 0)")};
}

}  // namespace cleave::bench
