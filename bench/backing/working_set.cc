// More pages in use than there is memory: a pool with a swap file, beside plain memory in a control
// group that has as much, and a swap file on the same disk. Both go on for as long as they are
// measured before that begins: it takes a while until what is met often is in memory.

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <cleave/accessor.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "bench/backing/benchmarks.h"
#include "bench/backing/control_group.h"
#include "bench/io/disk_file.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

struct Shape {
  const char* name;
  bool skewed;  // four of five accesses to a fifth of the pages; else all alike
  unsigned threads;
  double goal;  // times the kernel's
};
constexpr Shape kShapes[] = {{"80-20/1", true, 1, 2},
                             {"80-20/2", true, 2, 2},
                             {"uniform/1", false, 1, 1},
                             {"uniform/2", false, 2, 1}};
constexpr std::uint64_t kTimesTheMemory = 4;

/// What both sides give: accesses a second, and how long the worst in a hundred take. Of ours also
/// how many pages came back for each access.
struct Speed {
  double accesses = 0;
  double p99 = 0;
  double fetched = 0;
};

// A page in three is written to, as programs do; the rest is read.
template <class Access>
void go_on(const Shape& shape, std::uint64_t pages, std::uint64_t seed, double seconds,
           std::vector<double>& took, Access access) {
  std::mt19937_64 random(seed);
  const measure::Stopwatch watch;
  for (double now = 0; now < 2 * seconds * 1e9; now = watch.ns()) {
    const bool near = shape.skewed && random() % 5 != 0;
    const std::uint64_t page = random() % (near ? pages / 5 : pages);
    const bool writes = random() % 3 == 0;
    const double ns = measure::nanoseconds_for([&] { access(page, writes); });
    if (now >= seconds * 1e9) took.push_back(ns);
  }
}

// Of a pool, while it is measured: between the half of the time and its end.
class Fetched {
 public:
  Fetched(const Pool& pool, double seconds)
      : watcher_([this, &pool, seconds] {
          std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
          before_ = pool.statistics().came;
        }) {}
  [[nodiscard]] double since_half_time(const Pool& pool) {
    watcher_.join();
    return static_cast<double>(pool.statistics().came - before_);
  }

 private:
  std::uint64_t before_ = 0;
  std::jthread watcher_;
};

Speed speed_of(std::vector<std::vector<double>>& took, double seconds) {
  std::vector<double> all;
  for (std::vector<double>& one : took) all.insert(all.end(), one.begin(), one.end());
  const auto worst = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 99 / 100);
  std::ranges::nth_element(all, worst);
  return {.accesses = static_cast<double>(all.size()) / seconds, .p99 = *worst};
}

template <class EachThread>
Speed in_threads(const Shape& shape, double seconds, EachThread each) {
  std::vector<std::vector<double>> took(shape.threads);
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < shape.threads; ++t) threads.emplace_back([&, t] { each(t, took[t]); });
  threads.clear();
  return speed_of(took, seconds);
}

Speed in_a_pool(const Shape& shape, ByteCount memory, const std::string& folder, double seconds) {
  const std::uint64_t pages = kTimesTheMemory * memory.value / kPageSize;
  Pool pool = must(
      Pool::create(memory, must(swap_file({.bytes = 2 * pages * kPageSize, .directory = folder}))));
  must(pool.start_reclaim());
  Space space = must(Space::create(pool));
  const Address base = must(space.map(pages * kPageSize));
  {
    Accessor accessor = must(space.accessor());
    for (std::uint64_t page = 0; page < pages; ++page)
      must(accessor.store(base + page * kPageSize, page * 0x9e3779b97f4a7c15));
  }
  Fetched fetched(pool, seconds);
  Speed speed = in_threads(shape, seconds, [&](unsigned t, std::vector<double>& took) {
    Accessor accessor = must(space.accessor());
    go_on(shape, pages, t + 1, seconds, took, [&](std::uint64_t page, bool writes) {
      const Address at = base + page * kPageSize;
      if (writes)
        must(accessor.store(at, page));
      else
        measure::keep(must(accessor.load<std::uint64_t>(at)));
    });
  });
  speed.fetched = fetched.since_half_time(pool) / (speed.accesses * seconds);
  return speed;
}

// In a child, which is in the group before it takes memory.
Speed in_a_group(const Shape& shape, const ControlGroup& group, ByteCount memory, double seconds) {
  const std::uint64_t pages = kTimesTheMemory * memory.value / kPageSize;
  void* const shared =
      mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  measure::must_hold(shared != MAP_FAILED, "no memory");
  const pid_t child = measure::start_process([&] {
    group.enter();
    void* const all = mmap(nullptr, pages * kPageSize, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    measure::must_hold(all != MAP_FAILED, "no memory");
    (void)madvise(all, pages * kPageSize, MADV_NOHUGEPAGE);
    auto* const words = static_cast<std::uint64_t*>(all);
    constexpr std::uint64_t kWords = kPageSize / sizeof(std::uint64_t);
    for (std::uint64_t page = 0; page < pages; ++page)
      words[page * kWords] = page * 0x9e3779b97f4a7c15;
    *static_cast<Speed*>(shared) =
        in_threads(shape, seconds, [&](unsigned t, std::vector<double>& took) {
          go_on(shape, pages, t + 1, seconds, took, [&](std::uint64_t page, bool writes) {
            const std::atomic_ref<std::uint64_t> word(words[page * kWords]);
            if (writes)
              word.store(page, std::memory_order_relaxed);
            else
              measure::keep(word.load(std::memory_order_relaxed));
          });
        });
  });
  measure::wait_for_process(child);
  const Speed speed = *static_cast<Speed*>(shared);
  (void)munmap(shared, kPageSize);
  return speed;
}

std::vector<Row> away_working_set(const Settings& settings) {
  const ByteCount memory = settings.quick ? 16_MiB : 256_MiB;
  const double seconds = settings.quick ? 0.5 : 10;
  const auto folder = folder_on_a_disk();
  std::string why = "no folder on a disk";
  // What a process takes beside its pages: its program, stacks, and what was measured.
  const ByteCount beside = 16_MiB;
  auto group = folder ? ControlGroup::make(memory + beside.value,
                                           2 * kTimesTheMemory * memory.value, *folder, why)
                      : std::nullopt;
  if (!group) fmt::print(stderr, "away/working-set: nothing to compare with: {}\n", why);
  std::vector<Row> rows;
  for (const Shape& shape : kShapes) {
    Row row{.name = fmt::format("away/working-set/{}", shape.name),
            .unit = "accesses/s",
            .more_is_better = true};
    Samples p99, kernels_p99, fetched;
    for (int run = 0; run < std::min(settings.runs(), 3); ++run) {
      const Speed ours = in_a_pool(shape, memory, folder.value_or(""), seconds);
      row.ours.add(ours.accesses);
      p99.add(ours.p99);
      fetched.add(ours.fetched);
      if (!group) continue;
      const Speed theirs = in_a_group(shape, *group, memory, seconds);
      row.theirs.add(theirs.accesses);
      kernels_p99.add(theirs.p99);
    }
    row.details["p99_us"] = p99.median() / 1000;
    row.details["fetched"] = fetched.median();
    if (group) {
      row.baseline = "plain memory in a control group, swap on the same disk";
      row.details["baseline_p99_us"] = kernels_p99.median() / 1000;
      row.goals.push_back({fmt::format("{} times", shape.goal), row.ratio() >= shape.goal});
      row.goals.push_back({"p99 no worse", p99.median() <= kernels_p99.max()});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<Benchmark> working_set_benchmarks() {
  return {{"away/working-set", "four times the memory in use, by one and two threads",
           away_working_set}};
}

}  // namespace cleave::bench
