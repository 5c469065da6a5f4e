#include "tools/demo/database/rivals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "adapters/sqlite/memory_routing.h"
#include "measure/clock.h"
#include "measure/percentile.h"
#include "measure/system.h"
#include "tools/console/progress.h"
#include "tools/demo/database/edits.h"

namespace cleave::demo::database {
namespace {

using sqlite::Connection;
using sqlite::DatabaseError;

class Pipe {
 public:
  Pipe() {
    if (pipe(ends_.data()) != 0) throw DatabaseError("pipe(2) failed");
  }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  template <class T>
  bool put(const T& value) const {
    return write(ends_[1], &value, sizeof value) == sizeof value;
  }
  template <class T>
  bool take(T& value) const {
    return read(ends_[0], &value, sizeof value) == sizeof value;
  }
  void close_writing() {
    close(ends_[1]);
    ends_[1] = dup(ends_[0]);  // an end to close later
  }

 private:
  std::array<int, 2> ends_{};
};

/// The samples of one way.
struct Samples {
  std::vector<double> remember;
  std::array<std::vector<double>, kDamages> damage, undo, bytes;

  Way medians() {
    Way way;
    way.remember_ns = measure::median(remember);
    for (std::size_t i = 0; i < kDamages; ++i) {
      way.do_ns[i] = measure::median(damage[i]);
      way.undo_ns[i] = measure::median(undo[i]);
      way.bytes[i] = measure::median(bytes[i]);
    }
    return way;
  }
};

template <class Work>
void time(std::vector<double>& samples, Work&& work) {
  const measure::Stopwatch watch;
  work();
  samples.push_back(watch.ns());
}

void by_savepoint(Connection& database, const Damage& damage, std::size_t i, Samples& samples) {
  time(samples.remember, [&] { database.execute("SAVEPOINT before"); });
  time(samples.damage[i], [&] { database.execute(damage.sql); });
  time(samples.undo[i], [&] { database.execute("ROLLBACK TO before"); });
  database.execute("RELEASE before");
}

void by_backup(Connection& database, const Damage& damage, std::size_t i, Samples& samples) {
  Connection copy;
  time(samples.remember, [&] { copy.copy_from(database); });
  time(samples.damage[i], [&] { database.execute(damage.sql); });
  time(samples.undo[i], [&] { database.copy_from(copy); });
  samples.bytes[i].push_back(
      static_cast<double>(copy.integer("PRAGMA page_count") * copy.integer("PRAGMA page_size")));
}

struct Done {
  double damage_ns;
  double bytes;
};

void by_process(Connection& database, const Damage& damage, std::size_t i, Samples& samples) {
  const Pipe pipe;
  const measure::Stopwatch forking;
  const pid_t child = fork();
  if (child == 0) {
    const measure::Stopwatch watch;
    database.execute(damage.sql);
    const double took = watch.ns();
    const auto own = measure::proc_bytes("/proc/self/smaps_rollup", "Private_Dirty").value +
                     measure::proc_bytes("/proc/self/status", "VmPTE").value;
    _exit(pipe.put(Done{took, static_cast<double>(own)}) ? 0 : 1);
  }
  samples.remember.push_back(forking.ns());
  Done done{};
  if (child < 0 || !pipe.take(done)) throw DatabaseError("fork(2) failed");
  samples.damage[i].push_back(done.damage_ns);
  time(samples.undo[i], [&] { (void)waitpid(child, nullptr, 0); });
  samples.bytes[i].push_back(done.bytes);
}

Rivals measure(const Source& source, int runs) {
  sqlite::leave_memory_alone();
  Connection database;
  source.load(database);
  const std::vector<Damage> all = damages(database);
  Samples savepoint, backup, process;
  console::Progress progress("what there is today", static_cast<std::uint64_t>(runs) * kDamages);
  for (int run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i < kDamages; ++i, progress.step()) {
      by_savepoint(database, all[i], i, savepoint);
      by_process(database, all[i], i, process);
      by_backup(database, all[i], i, backup);
    }
  }
  return {savepoint.medians(), backup.medians(), process.medians()};
}

}  // namespace

Rivals measure_rivals(const Source& source, int runs) {
  Pipe pipe;
  const pid_t child = fork();
  if (child == 0) {
    try {
      _exit(pipe.put(measure(source, runs)) ? 0 : 1);
    } catch (const std::exception& error) {
      (void)std::fprintf(stderr, "cleave demo: %s\n", error.what());
      _exit(1);
    }
  }
  pipe.close_writing();
  Rivals rivals;
  const bool told = child > 0 && pipe.take(rivals);
  if (child > 0) (void)waitpid(child, nullptr, 0);
  if (!told) throw DatabaseError("the process that measures other ways has failed");
  return rivals;
}

}  // namespace cleave::demo::database
