#include "tools/demo/space/demo.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cleave/must.h>

#include "measure/percentile.h"
#include "tools/console/verdict.h"
#include "tools/demo/space/check.h"
#include "tools/demo/space/cost.h"
#include "tools/demo/space/diverge.h"
#include "tools/demo/space/io.h"
#include "tools/demo/space/report.h"
#include "tools/demo/space/source_file.h"

namespace cleave::demo::space {
namespace {

Origin lay_out(Pool& pool, const SourceFile& file, std::span<const std::byte> content) {
  Space space = must(Space::create(pool));
  const Address at = must(space.map(content.size()));
  must(space.write(at, content));
  return {std::move(space), at, file.size};
}

// Room for the file, for all that the branches can write or get copies of, and for the measurement.
ByteCount budget(const Options& options, std::size_t content) {
  constexpr std::uint64_t kMeasurement = std::uint64_t{64} << 20;
  constexpr std::uint64_t kPerFork = (kMostPagesPerFork + Traffic::kMostPinned) * kPageSize;
  return content + options.branches * kPerFork + kMeasurement;
}

void check_sum(const PoolStatistics& s, std::vector<std::string>& miscounts) {
  const std::uint64_t sum = s.used + s.free + s.ready + s.returned + s.untouched;
  if (sum == s.budget) return;
  miscounts.push_back(fmt::format(
      "the pool's frames are {} used, {} free, {} ready, {} returned and {} untouched: {}, not its "
      "budget of {}",
      s.used, s.free, s.ready, s.returned, s.untouched, sum, s.budget));
}

void check_empty(const PoolStatistics& s, std::vector<std::string>& miscounts) {
  if (s.used + s.nodes + s.regions + s.spaces + s.accessors + s.short_pins + s.long_pins == 0)
    return;
  miscounts.push_back(fmt::format(
      "everything is gone, yet the pool counts, of used frames, nodes, regions, spaces, accessors "
      "and pinned pages: {}, {}, {}, {}, {}, {}",
      s.used, s.nodes, s.regions, s.spaces, s.accessors, s.short_pins + s.long_pins));
}

// A check that nothing can fail proves nothing: this changes one bit that no history tells of.
// (Another one is changed in what a device delivers.)
void spoil(Origin& origin, Forest& forest) {
  Space& victim = forest.branches.empty() ? origin.space : forest.branches.back().space;
  std::byte value{};
  const Address at = origin.at + origin.size / 2;
  must(victim.read(at, std::span(&value, 1)));
  value ^= std::byte{1};
  must(victim.write(at, std::span(&value, 1)));
}

Report work(const Options& options) {
  Report report;
  report.file = find(options.path);
  report.forks = options.branches;
  report.threads = options.threads;
  report.seed = options.seed;

  report.process = cost_of_process(report.file);  // first: it wants a small process with one thread
  const std::vector<std::byte> content = load(report.file);
  report.copy = cost_of_copy(content);

  Pool pool = must(Pool::create(budget(options, content.size())));
  {
    Origin origin = lay_out(pool, report.file, content);
    report.space = cost_of_space(pool, origin);
    const std::uint64_t frames = pool.statistics().used;

    Traffic traffic(pool, origin, report.file, content, options.spoil);
    Forest forest = diverge(origin, options.branches, options.threads, options.seed);
    report.transfers = traffic.end();
    report.growth = std::move(forest.growth);
    report.branches = forest.branches.size();
    report.snapshots = forest.snapshots.size();
    report.bytes = (pool.statistics().used - frames) * kPageSize;
    report.fork_median_ns = measure::median(report.growth.fork_ns);
    report.fork_p99_ns = measure::percentile(report.growth.fork_ns, 99);

    check_sum(pool.statistics(), report.miscounts);
    if (options.spoil) spoil(origin, forest);
    report.differences = check(origin, forest, content, options.threads);
  }
  check_sum(pool.statistics(), report.miscounts);
  check_empty(pool.statistics(), report.miscounts);
  return report;
}

}  // namespace

int run(const Options& options) {
  return console::give_verdict("cleave demo space", options.json, [&] { return work(options); });
}

}  // namespace cleave::demo::space
