#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <new>
#include <string>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "bench/clients/benchmarks.h"
#include "bench/clients/client.h"
#include "measure/clock.h"
#include "measure/companion.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

using namespace literals;

constexpr int kEpochs = 40;
constexpr std::size_t kCommitsKept = 16;  // as one who goes back some frames would

/// What the side with commits tells beside its time: of all its epochs so far.
struct Figures {
  std::uint64_t epochs, pages, repeated, faults;
  double running, committing;
};

std::span<std::byte> plain_memory(ByteCount size) {
  void* at = mmap(nullptr, size.value, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  measure::must_hold(at != MAP_FAILED, "mmap failed");
  return {static_cast<std::byte*>(at), size.value};
}

std::uint64_t faults_so_far() {
  rusage used{};
  (void)getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_minflt);
}

class Committing {
 public:
  Committing(const ClientKind& kind, Tracking tracking, Figures& figures)
      : pool_(must(Pool::create(4_GiB))),
        arena_(must(Arena::create(pool_, kind.memory, {.tracking = tracking}))),
        client_(kind.make(arena_.memory())),
        figures_(figures),
        before_(must(arena_.commit())) {}

  double measure() {
    double sum = 0;
    for (int i = 0; i < kEpochs; ++i) sum += run_epoch();
    return sum / kEpochs;
  }

 private:
  double run_epoch() {
    const std::uint64_t faults = faults_so_far();
    const double running = measure::processor_nanoseconds_for([&] { client_->run_epoch(); });
    figures_.faults += faults_so_far() - faults;
    const double committing = measure::processor_nanoseconds_for([&] {
      commits_.push_back(must(arena_.commit()));
      if (commits_.size() > kCommitsKept) commits_.pop_front();
    });
    note_pages();
    ++figures_.epochs;
    figures_.running += running;
    figures_.committing += committing;
    return running + committing;
  }

  void note_pages() {
    std::vector<const std::byte*> pages;
    must(arena_.diff(before_, commits_.back(), [&](std::span<const std::byte> run) {
      for (std::size_t at = 0; at < run.size(); at += kPageSize) pages.push_back(&run[at]);
    }));
    std::vector<const std::byte*> both;
    std::ranges::set_intersection(pages, last_, std::back_inserter(both));
    figures_.pages += pages.size();
    figures_.repeated += both.size();
    last_ = std::move(pages);
    before_ = commits_.back();
  }

  Pool pool_;
  Arena arena_;
  std::unique_ptr<Client> client_;
  Figures& figures_;
  Commit before_;
  std::deque<Commit> commits_;
  std::vector<const std::byte*> last_;
};

measure::Companion plainly(const ClientKind& kind) {
  return measure::Companion([&kind] {
    std::shared_ptr<Client> client = kind.make(plain_memory(kind.memory));
    return [client] {
      return measure::processor_nanoseconds_for([&] {
               for (int i = 0; i < kEpochs; ++i) client->run_epoch();
             }) /
             kEpochs;
    };
  });
}

measure::Companion with_commits(const ClientKind& kind, Tracking tracking, Figures& figures) {
  return measure::Companion([&kind, tracking, &figures] {
    auto side = std::make_shared<Committing>(kind, tracking, figures);
    return [side] { return side->measure(); };
  });
}

Row row_of(const ClientKind& kind, Tracking tracking, const Settings& settings) {
  // Shared with the process that fills it.
  void* shared =
      mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  measure::must_hold(shared != MAP_FAILED, "mmap failed");
  const Figures& figures = *new (shared) Figures{};
  measure::Companion plain = plainly(kind);
  measure::Companion ours = with_commits(kind, tracking, *static_cast<Figures*>(shared));
  const auto [committing, without] = in_turn(
      settings.runs(), [&] { return ours.measure(); }, [&] { return plain.measure(); });
  Row row{.name = std::string("client/") + kind.name + '/' + name(tracking),
          .unit = "ns",
          .ours = committing,
          .baseline = "the same epochs in plain memory, without commits",
          .theirs = without};
  const auto each = [&figures](auto sum) {
    return static_cast<double>(sum) / static_cast<double>(figures.epochs);
  };
  const double repeated =
      static_cast<double>(figures.repeated) / static_cast<double>(figures.pages);
  if (tracking == Tracking::async && repeated >= 0.5) {
    row.goals.push_back({"at most 1.3 times", row.ratio() >= 1 / 1.3});
  }
  row.details["pages"] = each(figures.pages);
  row.details["repeated"] = repeated;
  row.details["faults"] = each(figures.faults);
  row.details["running"] = each(figures.running);
  row.details["committing"] = each(figures.committing);
  (void)munmap(shared, sizeof(Figures));
  return row;
}

Benchmark benchmark_of(const ClientKind& kind) {
  return {std::string("client/") + kind.name, kind.what,
          [&kind](const Settings& settings) -> std::vector<Row> {
            std::vector<Row> rows;
            for (const Tracking tracking : trackings()) {
              const bool works = tracking != Tracking::software && try_tracking(tracking);
              if (!works || (settings.quick && tracking != Tracking::async)) continue;
              rows.push_back(row_of(kind, tracking, settings));
            }
            return rows;
          }};
}

}  // namespace

std::vector<Benchmark> client_benchmarks() {
  return {
    benchmark_of(kEmulatorClient),
#if CLEAVE_HAVE_LUA
        benchmark_of(kLuaClient),
#endif
        benchmark_of(kSqliteClient)
  };
}

}  // namespace cleave::bench
