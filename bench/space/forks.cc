#include "bench/space/forks.h"

#include <vector>

#include <cleave/must.h>

#include "bench/harness/benchmark.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {

double fork_space(Space& space) {
  constexpr int kForks = 100;
  return median_of_batches(20, [&] {
    std::vector<Space> children;
    children.reserve(kForks);
    return measure::nanoseconds_for([&] {
             for (int i = 0; i < kForks; ++i) children.push_back(must(space.fork()));
           }) /
           kForks;
  });
}

double fork_process() {
  return median_of_batches(5, [] {
    const auto start = measure::Clock::now();
    const pid_t child = fork();
    if (child == 0) _exit(0);
    const double figure = measure::nanoseconds_since(start);
    measure::must_hold(child > 0, "fork(2) failed; is there enough memory?");
    measure::wait_for_process(child);
    return figure;
  });
}

}  // namespace cleave::bench
