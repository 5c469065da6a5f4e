// Writing pages and having the memory as it was, by every way of tracking, against every other way
// to do it.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/arena/benchmarks.h"
#include "bench/arena/cells.h"
#include "bench/arena/rollback_rivals.h"
#include "bench/arena/touched_arena.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

// So often that what adapts has done so, and that memory and caches are warm.
constexpr int kWarmUp = 300;

class OurSide {
 public:
  OurSide(const Cell& cell, const Extent& extent, ArenaOptions options)
      : arena_(extent, options, 1_MiB), sets_(cell.changed, extent.touched_pages()) {
    for (int i = 0; i < kWarmUp; ++i) (void)write_and_revert();
  }

  double measure() {
    return median_for_a_while([&] { return write_and_revert(); });
  }
  [[nodiscard]] double writing() const { return writing_.median(); }
  [[nodiscard]] double reverting() const { return reverting_.median(); }
  [[nodiscard]] Tracking tracks_by() const { return arena_.arena.statistics().tracking; }

 private:
  double write_and_revert() {
    const PageSets::Set& set = sets_.next();
    const double writing = measure::processor_nanoseconds_for([&] {
      for (const std::uint64_t n : set.order) arena_.write(n, n);
    });
    const double reverting =
        measure::processor_nanoseconds_for([&] { must(arena_.arena.revert()); });
    writing_.add(writing);
    reverting_.add(reverting);
    return writing + reverting;
  }

  TouchedArena arena_;
  PageSets sets_;
  Samples writing_;
  Samples reverting_;
};

template <class Rival, class... Arguments>
measure::Companion companion(const Cell& cell, const Extent& extent, Arguments... arguments) {
  return measure::Companion([=] {
    struct Side {
      Rival rival;
      PageSets sets;
    };
    auto side = std::shared_ptr<Side>(
        new Side{Rival(extent, arguments...), PageSets(cell.changed, extent.touched_pages())});
    return [side] {
      return median_for_a_while([&] { return side->rival.write_and_roll_back(side->sets.next()); });
    };
  });
}

struct Rivals {
  Rivals(const Cell& cell, const Extent& extent)
      : fork(companion<RollbackByFork>(cell, extent)),
        segv(companion<RollbackBySegv>(cell, extent, cell.changed)),
        image(companion<RollbackByPrivateImage>(cell, extent)),
        copy(companion<RollbackByCopy>(cell, extent)) {}
  measure::Companion fork, segv, image, copy;
};

// One way of tracking beside the automatic choice, and all rivals, in turn.
struct Pass {
  Tracking tracking;
  Row row;
  Samples automatic, fork, segv, image, copy;
};

Pass run_pass(const Cell& cell, const Extent& extent, Tracking tracking, OurSide& automatic,
              Rivals& rivals, const Settings& settings) {
  OurSide side(cell, extent, {.tracking = tracking});
  auto [ours, choice, fork, segv, image, copy] = in_turn(
      settings.runs(), [&] { return side.measure(); }, [&] { return automatic.measure(); },
      [&] { return rivals.fork.measure(); }, [&] { return rivals.segv.measure(); },
      [&] { return rivals.image.measure(); }, [&] { return rivals.copy.measure(); });
  Pass pass{tracking,
            {.name = cell.name("rollback") + '/' + name(tracking),
             .unit = "ns",
             .ours = ours,
             .baseline = "SIGSEGV and mprotect(2)",
             .theirs = segv},
            choice,
            fork,
            segv,
            image,
            copy};
  pass.row.details["changed_pages"] = cell.changed;
  pass.row.details["writing"] = side.writing();
  pass.row.details["reverting"] = side.reverting();
  return pass;
}

Row against(const Cell& cell, const Pass& best, const char* rival, const char* what,
            const Samples& theirs) {
  Row row{.name = cell.name("rollback") + "/vs-" + rival,
          .unit = "ns",
          .ours = best.row.ours,
          .baseline = what,
          .theirs = theirs};
  row.details["tracking"] = name(best.tracking);
  return row;
}

// What finds out by itself which pages were written, ours and others', and was measured in turn
// with the automatic choice.
Row automatic_against_the_best(const Cell& cell, const std::vector<Pass>& passes,
                               const OurSide& automatic) {
  Row row{.name = cell.name("rollback") + "/automatic", .unit = "ns"};
  for (const Pass& pass : passes) {
    const auto offer = [&](const char* what, const Samples& theirs) {
      if (!row.theirs.empty() && row.theirs.median() <= theirs.median()) return;
      row.baseline = what;
      row.theirs = theirs;
      row.ours = pass.automatic;
    };
    if (pass.tracking != Tracking::software) offer(name(pass.tracking), pass.row.ours);
    offer("fork(2) and exit", pass.fork);
    offer("SIGSEGV and mprotect(2)", pass.segv);
    offer("memcpy of all", pass.copy);
  }
  row.goals.push_back({"at most 1.2 times the best other", row.ratio() >= 1 / 1.2});
  row.details["warm_up_epochs"] = kWarmUp;
  row.details["tracking"] = name(automatic.tracks_by());
  row.details["writing"] = automatic.writing();
  row.details["reverting"] = automatic.reverting();
  return row;
}

std::vector<Row> roll_back(const Cell& cell, const Settings& settings) {
  // Five heaps of the rivals', two arenas, and two pools that hold what those have committed.
  const Extent extent = cell.extent(9);
  Rivals rivals(cell, extent);
  OurSide automatic(cell, extent, {.system_calls_write = false});
  std::vector<Pass> passes;
  for (const Tracking tracking : trackings()) {
    if (!try_tracking(tracking)) continue;
    passes.push_back(run_pass(cell, extent, tracking, automatic, rivals, settings));
  }

  const Pass& best = *std::ranges::min_element(passes, {}, [](const Pass& pass) {
    const bool needs_announcing = pass.tracking == Tracking::software;
    return std::pair(needs_announcing, pass.row.ours.median());
  });
  std::vector<Row> rows;
  rows.reserve(passes.size());
  for (const Pass& pass : passes) rows.push_back(pass.row);
  rows.push_back(automatic_against_the_best(cell, passes, automatic));
  Row fork = against(cell, best, "fork", "fork(2), a child that writes and exits", best.fork);
  Row segv = against(cell, best, "sigsegv", "SIGSEGV and mprotect(2)", best.segv);
  if (cell.has_goals()) {
    fork.goals.push_back({"20 times", fork.ratio() >= 20});
    segv.goals.push_back({"5 times", segv.ratio() >= 5});
  }
  rows.push_back(std::move(fork));
  rows.push_back(std::move(segv));
  rows.push_back(against(cell, best, "private",
                         "a private mapping of an image, MADV_DONTNEED of what was written",
                         best.image));
  rows.push_back(against(cell, best, "memcpy", "memcpy of all", best.copy));
  return rows;
}

}  // namespace

std::vector<Benchmark> arena_rollback_benchmarks() {
  return for_each_cell("rollback", "pages written at random and reverted, by all ways", roll_back);
}

}  // namespace cleave::bench
