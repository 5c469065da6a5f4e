#include "tools/doctor/tracking.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <cleave/arena.h>

#include "measure/clock.h"
#include "measure/percentile.h"

namespace cleave::doctor {
namespace {

using namespace literals;

constexpr ByteCount kSize = 32_MiB;
constexpr std::size_t kArenaPages = kSize.value / kPageSize;
constexpr std::size_t kApart = 16;  // pages from one write to the next: no two share a fault
constexpr std::size_t kWritten = kArenaPages / kApart;
constexpr std::size_t kEpochs = 3;

// In time on the processor, so that a busy machine does not look like a slow one.
// Every epoch writes some pages and commits them, then commits once more, where nothing has
// changed.
Result<TrackingCost> measure_cost(Tracking tracking) {
  auto pool = Pool::create(2 * kSize.value);
  if (!pool) return tl::unexpected(pool.error());
  if (auto ready = pool->reserve(kSize + kEpochs * kWritten * kPageSize); !ready) {
    return tl::unexpected(ready.error());
  }
  auto arena = Arena::create(*pool, kSize, {.tracking = tracking});
  if (!arena) return tl::unexpected(arena.error());
  const auto write = [&](std::size_t page, std::size_t value) {
    std::byte* at = arena->data() + page * kPageSize;
    if (tracking == Tracking::software) arena->mark_dirty(at, 1);
    *static_cast<volatile std::byte*>(at) = static_cast<std::byte>(value);
  };
  arena->mark_dirty(arena->data(), kSize.value);
  for (std::size_t page = 0; page < kArenaPages; ++page) write(page, 1);
  if (auto first = arena->commit(); !first) return tl::unexpected(first.error());

  std::array<double, kEpochs> writes{}, commits{}, scans{};
  for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
    writes[epoch] = measure::processor_nanoseconds_for([&] {
      for (std::size_t page = 0; page < kArenaPages; page += kApart) write(page, 2 + epoch);
    });
    Result<void> done;
    const auto commit = [&] {
      if (auto made = arena->commit(); !made) done = tl::unexpected(made.error());
    };
    commits[epoch] = measure::processor_nanoseconds_for(commit);
    scans[epoch] = measure::processor_nanoseconds_for(commit);
    if (!done) return tl::unexpected(done.error());
  }
  constexpr double kOfAGib = static_cast<double>((1_GiB).value) / static_cast<double>(kSize.value);
  const double scan = measure::median(scans);
  return TrackingCost{.first_write = measure::median(writes) / kWritten,
                      .commit_page = std::max(0.0, measure::median(commits) - scan) / kWritten,
                      .scan_per_gib = scan * kOfAGib};
}

WayOfTracking look_at_way(Tracking tracking, bool measure) {
  WayOfTracking way{tracking, {name(tracking), Standing::ok, "", {}, nullptr}, std::nullopt};
  Result<void> works = try_tracking(tracking);
  if (works && measure) {
    auto cost = measure_cost(tracking);
    if (cost) {
      way.cost = *cost;
    } else {
      works = tl::unexpected(cost.error());
    }
  }
  if (!works) {
    way.finding.standing =
        works.error().code == Errc::unsupported ? Standing::missing : Standing::limited;
    way.finding.detail = works.error().message();
  }
  return way;
}

}  // namespace

TrackingReport look_at_tracking(bool measure) {
  TrackingReport report;
  for (const Tracking tracking : trackings()) {
    report.ways.push_back(look_at_way(tracking, measure));
  }
  // Asked of an arena itself: what it takes is its own decision.
  auto pool = Pool::create(1_MiB);
  if (!pool) {
    report.reason = pool.error().message();
    return report;
  }
  auto arena = Arena::create(*pool, 1_MiB);
  if (!arena) {
    report.reason = arena.error().message();
    return report;
  }
  report.automatic = arena->statistics().tracking;
  report.reason = arena->tracking_reason();
  return report;
}

}  // namespace cleave::doctor
