// Commits of repositories: how soon they can be used.
#pragma once

#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

std::vector<Benchmark> image_benchmarks();

// Of these, in files of their own.
std::vector<Row> push_first(const Settings& settings);
std::vector<Row> push_one_row(const Settings& settings);
std::vector<Row> push_deleted(const Settings& settings);
std::vector<Row> objects_of_a_folder(const Settings& settings);
std::vector<Row> objects_of_stores(const Settings& settings);

}  // namespace cleave::bench
