// What a fork costs while pages are pinned, of which the child gets copies; and when they are
// released.

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/forks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/companion.h"
#include "measure/kernel_ring.h"

namespace cleave::bench {
namespace {

struct Pins {
  const char* name;
  const char* what;
  std::uint64_t pages;
  bool apart;     // evenly spread, each below a table node of its own; else one after the other
  bool has_goal;  // against nothing but the copying
};
constexpr std::uint64_t kMostPinned = (64_MiB).value / kPageSize;
constexpr Pins kPins[] = {
    {"fork/pinned-1", "forks of a space in which a page is pinned", 1, false, false},
    {"fork/pinned-1000", "... in which 1,000 pages in a row are", 1000, false, true},
    {"fork/pinned-1000-apart", "... in which 1,000 pages far from each other are", 1000, true,
     false},
    {"fork/pinned-all", "... in which 64 MiB are", kMostPinned, false, true},
};

Extent extent_for(const Settings& settings) { return {settings.quick ? 256_MiB : 1_GiB}; }

// How many pages it is from one that is pinned to the next.
std::uint64_t step(const Pins& manner, const Extent& extent) {
  return manner.apart ? extent.pages() / manner.pages : 1;
}

// Memory that goes once through the caches, and leaves nothing of what was in them.
class Sweep {
 public:
  Sweep() : heap_(Extent{size()}) {}
  void operator()() const {
    for (std::uint64_t n = 0; n < heap_.extent.pages(); ++n) {
      const auto* page = reinterpret_cast<const std::uint64_t*>(heap_.touched_page(n));
      for (std::uint64_t word = 0; word < kPageSize / sizeof *page; word += 8)
        measure::keep(page[word]);
    }
  }

 private:
  static ByteCount size() {
    const auto cache = static_cast<std::uint64_t>(std::max(sysconf(_SC_LEVEL3_CACHE_SIZE), 0L));
    const ByteCount wanted = cache + cache / 2;
    return std::clamp<ByteCount>(wanted, 64_MiB, 512_MiB);
  }
  TouchedHeap heap_;
};

// In time on a processor; but reading that clock takes longer than reading the other, which would
// show in what is over within a few microseconds.
template <class Work>
double time_of(const Pins& manner, Work&& work) {
  return manner.pages == 1 ? measure::nanoseconds_for(work)
                           : measure::processor_nanoseconds_for(work);
}

double fork_once(const Pins& manner, Space& space) {
  std::optional<Space> child;
  return time_of(manner, [&] { child.emplace(must(space.fork())); });
}

std::vector<Pin> pin_pages(const Pins& manner, TouchedSpace& touched) {
  const std::uint64_t pages_at_once = manner.apart ? 1 : manner.pages;
  std::vector<Pin> pins;
  for (std::uint64_t page = 0; page < manner.pages; page += pages_at_once) {
    pins.push_back(
        must(touched.space.pin(touched.touched_page(page * step(manner, touched.extent)),
                               pages_at_once * kPageSize, PinAccess::write, PinTerm::long_term)));
  }
  return pins;
}

double copy_pages(const Pins& manner, const TouchedHeap& from, const TouchedHeap& to) {
  return time_of(manner, [&] {
    for (std::uint64_t n = 0; n < manner.pages; ++n) {
      std::memcpy(to.touched_page(n), from.touched_page(n), kPageSize);
      measure::keep(to.touched_page(n));
    }
  });
}

// A process with as many pages pinned by its kernel. A negative figure: it may not pin them.
measure::Companion::Measure kernels_side(const Pins& manner, const Extent& extent) {
  struct Process {
    explicit Process(const Extent& extent) : heap(extent), ring(1) {}
    TouchedHeap heap;
    measure::KernelRing ring;
  };
  const auto process = std::make_shared<Process>(extent);
  const std::uint64_t pages_at_once = manner.apart ? 1 : manner.pages;
  std::vector<iovec> buffers;
  for (std::uint64_t page = 0; page < manner.pages; page += pages_at_once) {
    buffers.push_back(
        {process->heap.touched_page(page * step(manner, extent)), pages_at_once * kPageSize});
  }
  const bool pinned = process->ring.register_buffers(buffers);
  return [=] { return pinned ? fork_process() : (void(process), -1.0); };
}

std::vector<Row> fork_with_pins(const Pins& manner, const Settings& settings) {
  const int forks = settings.quick ? 3 : 9;
  const Extent extent = extent_for(settings);
  measure::Companion kernel([&] { return kernels_side(manner, extent); });
  const Sweep sweep;
  const std::uint64_t apart = step(manner, extent);
  const TouchedHeap from(Extent{manner.pages * apart * kPageSize, apart});
  const TouchedHeap to(Extent{manner.pages * kPageSize});
  TouchedSpace touched(extent, manner.pages * kPageSize + 1_MiB);
  must(touched.pool.reserve(manner.pages * kPageSize));
  const std::vector<Pin> pins = pin_pages(manner, touched);
  const auto swept = [&](auto measure) {
    return median_of_batches(forks, [&] {
      sweep();
      return measure();
    });
  };
  auto [ours, theirs, warm, kernels] = in_turn(
      settings.runs(), [&] { return swept([&] { return fork_once(manner, touched.space); }); },
      [&] { return swept([&] { return copy_pages(manner, from, to); }); },
      [&] { return median_of_batches(20, [&] { return fork_once(manner, touched.space); }); },
      [&] { return kernel.measure(); });

  Row row{.name = manner.name,
          .unit = "ns",
          .ours = ours,
          .baseline = "memcpy of as many pages, neither side in the cache",
          .theirs = theirs};
  if (manner.has_goal) row.goals.push_back({"at most 1.5 times memcpy", row.ratio() >= 1 / 1.5});
  row.details["mapped_bytes"] = extent.mapped.value;
  row.details["pinned_pages"] = manner.pages;
  row.details["ns_per_pinned_page"] = ours.median() / static_cast<double>(manner.pages);
  row.details["in_the_cache"] = warm.median();
  row.details["fork2_with_registered_buffers"] = nullptr;
  if (kernels.min() >= 0) row.details["fork2_with_registered_buffers"] = kernels.median();
  return {row};
}

std::vector<Row> fork_after_pins(const Settings& settings) {
  constexpr Pins kAll{"", "", kMostPinned, false, false};
  const Extent extent = extent_for(settings);
  TouchedSpace touched(extent, kMostPinned * kPageSize + 1_MiB);
  TouchedSpace never(extent, 1_MiB);
  Samples firsts;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        {
          const std::vector<Pin> pins = pin_pages(kAll, touched);
          (void)must(touched.space.fork());
        }
        firsts.add(measure::nanoseconds_for([&] { (void)must(touched.space.fork()); }));
        return fork_space(touched.space);
      },
      [&] { return fork_space(never.space); });

  Row row{.name = "fork/after-unpin",
          .unit = "ns",
          .ours = ours,
          .baseline = "a fork of a space in which nothing was ever pinned",
          .theirs = theirs};
  row.goals.push_back({"at most 1.2 times", row.ratio() >= 1 / 1.2});
  row.details["mapped_bytes"] = extent.mapped.value;
  row.details["pinned_pages"] = kMostPinned;
  row.details["first_fork"] = firsts.median();
  return {row};
}

}  // namespace

std::vector<Benchmark> fork_pinned_benchmarks() {
  std::vector<Benchmark> all;
  for (const Pins& manner : kPins) {
    all.push_back({manner.name, manner.what, [manner](const Settings& settings) {
                     return fork_with_pins(manner, settings);
                   }});
  }
  all.push_back({"fork/after-unpin", "forks when 64 MiB that were pinned are released again",
                 fork_after_pins});
  return all;
}

}  // namespace cleave::bench
