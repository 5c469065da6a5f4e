#include "bench/all.h"

#include <algorithm>
#include <iterator>

#include "bench/arena/benchmarks.h"
#include "bench/backing/benchmarks.h"
#include "bench/clients/benchmarks.h"
#include "bench/explorer/benchmarks.h"
#include "bench/heap/benchmarks.h"
#include "bench/image/benchmarks.h"
#include "bench/io/benchmarks.h"
#include "bench/programs/benchmarks.h"
#include "bench/scale/benchmarks.h"
#include "bench/space/benchmarks.h"
#include "bench/sqlite/benchmarks.h"
#include "bench/sync/benchmarks.h"

namespace cleave::bench {

std::vector<Benchmark> all_benchmarks() {
  std::vector<Benchmark> all;
  for (auto* family : {
         fork_benchmarks, fork_pinned_benchmarks, write_after_fork_benchmarks, access_benchmarks,
             writers_benchmarks, alive_benchmarks, drop_benchmarks, pool_benchmarks,
             sync_benchmarks, pin_benchmarks, hold_benchmarks, io_benchmarks, alloc_benchmarks,
             arena_rollback_benchmarks, arena_commit_benchmarks, arena_pages_benchmarks,
             arena_debugging_benchmarks, client_benchmarks, sqlite_benchmarks,
             scale_by_size_benchmarks, scale_by_changes_benchmarks, scale_by_number_benchmarks,
             scale_by_threads_benchmarks, emulator_benchmarks, run_benchmarks,
             run_overhead_benchmarks, fuzz_benchmarks,
#if CLEAVE_HAVE_BACKING
             swap_file_benchmarks, compressed_benchmarks, hit_benchmarks, merge_benchmarks,
             working_set_benchmarks,
#endif
#if CLEAVE_HAVE_IMAGE
             image_benchmarks,
#endif
#if CLEAVE_HAVE_LAB
             explore_benchmarks, explored_engine_benchmarks,
#endif
       }) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

}  // namespace cleave::bench
