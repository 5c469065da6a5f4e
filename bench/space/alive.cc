// What a fork costs as long as it lives.

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

enum class Kind { clean, one_dirty };

constexpr ByteCount kMapped = 1_GiB;
constexpr std::uint64_t kStride = 16;  // 64 MiB of it touched

// Bytes held for all that lives in the pool: what malloc gave out (handles, tables, and the array
// of handles), and the frames with their metadata.
double bytes_held(const Pool& pool) {
  const auto heap = mallinfo2();
  const PoolStatistics now = pool.statistics();
  return static_cast<double>(heap.uordblks + heap.hblkhd +
                             now.used * (kPageSize + now.metadata_bytes_per_frame));
}

struct Cost {
  double bytes;
  double nanoseconds;
};

Cost keep_forks(TouchedSpace& touched, std::size_t forks, Kind kind) {
  const double before = bytes_held(touched.pool);
  std::vector<Space> alive;
  alive.reserve(forks);
  const std::array<std::byte, 8> word{std::byte{2}};
  const double nanoseconds = measure::nanoseconds_for([&] {
    for (std::size_t i = 0; i < forks; ++i) {
      alive.push_back(must(touched.space.fork()));
      if (kind == Kind::clean) continue;
      must(alive.back().write(touched.touched_page(i % touched.extent.touched_pages()), word));
    }
  });
  const auto each = static_cast<double>(forks);
  return {(bytes_held(touched.pool) - before) / each, nanoseconds / each};
}

// The kernel's nearest: a private mapping of a file in memory. Its cost lies in the kernel: pages
// and page tables are counted a process, the rest (areas and the tree that finds them) only for the
// whole machine, as memory that cannot be reclaimed: a noisy figure, spread over many mappings.
class Mappings {
 public:
  Mappings() : file_(memfd_create("baseline", MFD_CLOEXEC)) {
    measure::must_hold(file_ >= 0 && ftruncate(file_, static_cast<off_t>(kMapped.value)) == 0,
                       "memfd_create(2) failed for the baseline");
    for (std::uint64_t offset = 0; offset < kMapped.value; offset += kStride * kPageSize) {
      measure::must_hold(pwrite(file_, "1", 1, static_cast<off_t>(offset)) == 1,
                         "out of memory for the baseline");
    }
  }

  [[nodiscard]] double bytes_each(std::size_t mappings, Kind kind) const {
    std::vector<std::byte*> alive(mappings);  // its pages are touched here, before the first figure
    const double before = bytes_held_now();
    for (std::size_t i = 0; i < mappings; ++i) {
      void* base = mmap(nullptr, kMapped.value, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
                        file_, 0);
      measure::must_hold(base != MAP_FAILED,
                         "mmap(2) failed; vm.max_map_count limits how many mappings there may be");
      alive[i] = static_cast<std::byte*>(base);
      if (kind == Kind::clean) continue;
      const std::uint64_t page = i * kStride % (kMapped.value / kPageSize);
      *static_cast<volatile std::byte*>(alive[i] + page * kPageSize) = std::byte{2};
    }
    const double each = (bytes_held_now() - before) / static_cast<double>(mappings);
    for (std::byte* base : alive) (void)munmap(base, kMapped.value);
    return each;
  }

 private:
  static double bytes_held_now() {
    return static_cast<double>(measure::proc_bytes("/proc/self/status", "RssAnon").value +
                               measure::proc_bytes("/proc/self/status", "VmPTE").value +
                               measure::proc_bytes("/proc/meminfo", "SUnreclaim").value);
  }

  int file_;  // for the life of the process, which is the companion's
};

std::vector<Row> forks_alive(Kind kind, const Settings& settings) {
  const bool clean = kind == Kind::clean;
  const std::size_t forks = (clean ? 1'000'000 : 100'000) / (settings.quick ? 10 : 1);
  const std::size_t mappings = settings.quick ? 10'000 : 30'000;  // 65,530 are allowed by default
  measure::Companion kernel([&] {
    return [=, held = std::make_shared<Mappings>()] { return held->bytes_each(mappings, kind); };
  });
  TouchedSpace touched(Extent{kMapped, kStride}, clean ? ByteCount{0} : forks * kPageSize);
  Samples time;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Cost cost = keep_forks(touched, forks, kind);
        time.add(cost.nanoseconds);
        return cost.bytes;
      },
      [&] { return kernel.measure(); });

  Row row{.name = clean ? "alive/clean" : "alive/one-dirty",
          .unit = "bytes",
          .ours = ours,
          .baseline = clean ? "a private mapping of a memfd of the same size"
                            : "the same, one page of it written",
          .theirs = theirs};
  if (clean) {
    row.goals.push_back({"under 200 bytes", ours.median() < 200});
  } else {
    row.goals.push_back({"under 8 KiB", ours.median() < 8 << 10});
  }
  row.details["forks"] = forks;
  row.details["baseline_mappings"] = mappings;
  row.details["ns_each"] = time.median();
  return {row};
}

}  // namespace

std::vector<Benchmark> alive_benchmarks() {
  return {{"alive/clean", "memory held by a fork that changed nothing",
           [](const Settings& settings) { return forks_alive(Kind::clean, settings); }},
          {"alive/one-dirty", "memory held by a fork that changed one page",
           [](const Settings& settings) { return forks_alive(Kind::one_dirty, settings); }}};
}

}  // namespace cleave::bench
