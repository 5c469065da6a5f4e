// What a frame costs: to take and to give back, and to keep account of.

#include <cstdlib>
#include <vector>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "frames/frames.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

using detail::FrameChain;
using detail::Frames;

constexpr int kTimes = 2'000;

// The same frame over and over, as for a fork that is written to and dropped.
double take_and_give(Frames& frames) {
  return measure::nanoseconds_for([&] {
           for (int i = 0; i < kTimes; ++i) {
             const FrameId frame = must(frames.take()).frame;
             FrameChain chain;
             if (frames.state(frame).drop()) chain.push(frame, frames.links());
             frames.give(chain);
           }
         }) /
         kTimes;
}

double allocate_and_free() {
  return measure::nanoseconds_for([&] {
           for (int i = 0; i < kTimes; ++i) {
             void* page = nullptr;
             measure::must_hold(posix_memalign(&page, kPageSize, kPageSize) == 0,
                                "out of memory for the baseline");
             measure::keep(page);
             free(page);
           }
         }) /
         kTimes;
}

std::vector<Row> frame(const Settings& settings) {
  const int batches = settings.quick ? 100 : 1000;
  Pool pool = must(Pool::create(1_MiB));
  auto [ours, theirs] = in_turn(
      settings.runs(),
      [&] {
        return median_of_batches(batches,
                                 [&] { return take_and_give(detail::HandleAccess::state(pool)); });
      },
      [&] { return median_of_batches(batches, allocate_and_free); });

  Row row{.name = "pool/frame",
          .unit = "ns",
          .ours = ours,
          .baseline = "posix_memalign and free of 4 KiB",
          .theirs = theirs};
  row.goals.push_back({"at most 50 ns", ours.median() <= 50});
  return {row};
}

// What the process grows by beside the frames themselves (which are shared memory, counted apart)
// when each frame of a pool is taken once and given back.
double metadata_per_frame(ByteCount budget) {
  const std::uint64_t count = budget.value / kPageSize;
  const auto anonymous = [] { return measure::proc_bytes("/proc/self/status", "RssAnon").value; };
  const std::uint64_t before = anonymous();
  Pool pool = must(Pool::create(budget));
  Frames& frames = detail::HandleAccess::state(pool);
  FrameChain taken;
  for (std::uint64_t i = 0; i < count; ++i) {
    const FrameId next = must(frames.take()).frame;
    if (frames.state(next).drop()) taken.push(next, frames.links());
  }
  const std::uint64_t after = anonymous();
  frames.give(taken);
  return static_cast<double>(after - before) / static_cast<double>(count);
}

std::vector<Row> metadata(const Settings& settings) {
  const ByteCount budget = settings.quick ? 64_MiB : 1_GiB;
  auto [ours] = in_turn(settings.runs(), [&] { return metadata_per_frame(budget); });
  Row row{.name = "pool/metadata", .unit = "bytes", .ours = ours};
  row.goals.push_back({"at most 24 bytes a frame", ours.median() <= 24});
  row.details["declared"] = Frames::kMetadataBytes;
  return {row};
}

}  // namespace

std::vector<Benchmark> pool_benchmarks() {
  return {{"pool/frame", "a frame taken and given back, hot", frame},
          {"pool/metadata", "memory beside a frame", metadata}};
}

}  // namespace cleave::bench
