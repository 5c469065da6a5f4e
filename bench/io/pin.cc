// What it costs to pin pages that the space owns: page by page, in bulk, and on two threads.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "bench/io/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/kernel_ring.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

struct Manner {
  const char* name;
  const char* what;
  PinAccess access;
  std::uint64_t pages_per_pin;
  double most_ns;  // a page; the goal
};
constexpr Manner kManners[] = {
    {"pin/one-reading", "pins of one page, for a device that reads", PinAccess::read, 1, 50},
    {"pin/one-writing", "pins of one page, for a device that writes", PinAccess::write, 1, 50},
    {"pin/bulk-4096-reading", "a pin of 4,096 pages, for reading", PinAccess::read, 4096, 10},
    {"pin/bulk-4096-writing", "a pin of 4,096 pages, for writing", PinAccess::write, 4096, 10},
};
constexpr std::uint64_t kMostPages = 4096;
constexpr std::uint64_t kPinsPerBatch = 256;  // since one of a page is too short for the clock

// A page's share of getting hold of it, and of letting go. A run's figure is the median batch.
struct Halves {
  Samples pin;
  Samples release;
  [[nodiscard]] double sum() const { return pin.median() + release.median(); }
};

Halves pin_space(TouchedSpace& touched, Accessor& accessor, const Manner& manner, int batches) {
  const std::uint64_t size = manner.pages_per_pin * kPageSize;
  const std::uint64_t pins = manner.pages_per_pin == 1 ? kPinsPerBatch : 1;
  const auto pages = static_cast<double>(pins * manner.pages_per_pin);
  std::vector<Pin> held;
  held.reserve(pins);
  Halves figures;
  for (int batch = 0; batch < batches; ++batch) {
    figures.pin.add(measure::nanoseconds_for([&] {
                      for (std::uint64_t i = 0; i < pins; ++i) {
                        held.push_back(
                            must(accessor.pin(touched.base + i * size, size, manner.access)));
                      }
                    }) /
                    pages);
    figures.release.add(measure::nanoseconds_for([&] { held.clear(); }) / pages);
  }
  return figures;
}

// The same for the kernel: it knows no way to pin a page that does not go through a system call.
Halves pin_heap(measure::KernelRing& ring, const iovec& buffer, int batches) {
  const std::uint64_t whole = buffer.iov_len / kPageSize;
  const auto pages = static_cast<double>(whole);
  Halves figures;
  for (int batch = 0; batch < batches; ++batch) {
    bool registered = false;
    figures.pin.add(measure::nanoseconds_for(
                        [&] { registered = ring.register_buffers(std::span(&buffer, 1)); }) /
                    pages);
    measure::must_hold(registered, "IORING_REGISTER_BUFFERS failed for the baseline's pages");
    figures.release.add(measure::nanoseconds_for([&] { ring.unregister_buffers(); }) / pages);
  }
  return figures;
}

std::vector<Row> pin(const Manner& manner, const Settings& settings) {
  const int batches = settings.quick ? 100 : 500;
  const Extent extent{kMostPages * kPageSize};
  const TouchedHeap heap(extent);
  const iovec buffer{heap.touched_page(0), manner.pages_per_pin * kPageSize};
  measure::KernelRing ring(1);
  const bool has_kernels = ring.register_buffers(std::span(&buffer, 1));
  if (has_kernels) ring.unregister_buffers();
  TouchedSpace touched(extent, 1_MiB);
  Accessor accessor = must(touched.space.accessor());
  Samples releases;
  Samples sums;
  Samples kernels_releases;
  Samples kernels_sums;
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Halves figures = pin_space(touched, accessor, manner, batches);
        releases.add(figures.release.median());
        sums.add(figures.sum());
        return figures.pin.median();
      },
      [&] {
        if (!has_kernels) return 0.0;
        const Halves figures = pin_heap(ring, buffer, batches);
        kernels_releases.add(figures.release.median());
        kernels_sums.add(figures.sum());
        return figures.pin.median();
      });

  Row row{.name = manner.name, .unit = "ns", .ours = ours};
  if (has_kernels) {
    row.baseline = "IORING_REGISTER_BUFFERS of as many touched pages, a page's share";
    row.theirs = theirs;
    row.goals.push_back({"10 times", row.ratio() >= 10});
  } else {
    row.details["note"] = "no baseline: io_uring is not there, or RLIMIT_MEMLOCK is too low";
  }
  row.goals.push_back({"at most " + std::to_string(static_cast<int>(manner.most_ns)) + " ns a page",
                       ours.median() <= manner.most_ns});
  row.details["pages"] = manner.pages_per_pin;
  row.details["release"] = releases.median();
  row.details["pin_and_release"] = sums.median();
  if (has_kernels) {
    row.details["baseline_release"] = kernels_releases.median();
    row.details["baseline_pin_and_release"] = kernels_sums.median();
  }
  return {row};
}

constexpr std::uint64_t kPagesPerThread = 64;

// One after the other, each released before the next: as a thread does its I/O.
void pin_each(Accessor& accessor, Address base) {
  for (std::uint64_t page = 0; page < kPagesPerThread; ++page) {
    (void)must(accessor.pin(base + page * kPageSize, kPageSize, PinAccess::write));
  }
}

// A thread that pins and releases without pause, on a processor of its own.
class Pinner {
 public:
  Pinner(Space& space, Address base, unsigned processor)
      : thread_([=, this, &space](const std::stop_token& stop) {
          const measure::OnProcessor here(processor);
          Accessor accessor = must(space.accessor());
          while (!stop.stop_requested()) {
            pin_each(accessor, base);
            is_at_work_.test_and_set();
            is_at_work_.notify_one();
          }
        }) {
    is_at_work_.wait(false);
  }

 private:
  std::atomic_flag is_at_work_;
  std::jthread thread_;  // last: it uses the other
};

std::vector<Row> pin_on_threads(const Settings& settings) {
  const std::size_t batches = settings.quick ? 2'000 : 20'000;
  const measure::OnProcessor here(0);
  const Extent extent{64_MiB};
  TouchedSpace touched(extent, 1_MiB);
  const Address far = touched.base + 32_MiB;
  Accessor accessor = must(touched.space.accessor());
  const auto measure = [&] {
    return measure::processor_nanoseconds_for([&] {
             for (std::size_t i = 0; i < batches; ++i) pin_each(accessor, touched.base);
           }) /
           static_cast<double>(batches * kPagesPerThread);
  };
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        const Pinner other(touched.space, far, 1);
        return measure();
      },
      measure);

  Row row{.name = "pin/threads",
          .unit = "ns",
          .ours = ours,
          .baseline = "the same with one thread",
          .theirs = theirs};
  row.details["threads"] = 2;
  row.details["scaling"] = 2 * row.ratio();
  return {row};
}

}  // namespace

std::vector<Benchmark> pin_benchmarks() {
  std::vector<Benchmark> all;
  for (const Manner& manner : kManners) {
    all.push_back({manner.name, manner.what,
                   [manner](const Settings& settings) { return pin(manner, settings); }});
  }
  all.push_back({"pin/threads", "two threads that pin and release different pages of one space",
                 pin_on_threads});
  return all;
}

}  // namespace cleave::bench
