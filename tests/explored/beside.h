// One call of the pool beside others: each in every order, with its count in the documents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/engine/calls.h"
#include "lab/explore/search/jobs.h"
#include "tests/explored/coverage.h"

namespace lab::engine {

/// Tries `programs`, which are `what` ("an eviction") beside so many other calls, after so many
/// set-ups; expects that nothing is wrong in any schedule, and that the documents say so.
inline void try_beside(const std::vector<Calls>& programs, const char* what, std::size_t others,
                       std::size_t most_before, explore::Memory memory) {
  explore::Options options;
  options.memory = memory;
  options.check_runs = 10;
  options.max_seconds = 60;
  std::vector<Tried> tried(programs.size());
  explore::share_out(programs.size(), explore::all_processors(),
                     [&](std::size_t i) { tried[i] = try_all(programs[i], options); });
  std::uint64_t runs = 0;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    EXPECT_EQ(tried[i].wrong, "") << programs[i].text();
    EXPECT_TRUE(tried[i].exhaustive) << programs[i].text();
    runs += tried[i].runs + tried[i].cut;
  }
  testing::Test::RecordProperty("programs", static_cast<int>(programs.size()));
  testing::Test::RecordProperty("runs", static_cast<int>(runs));
  EXPECT_GT(runs, programs.size());
  expect_in_the_documents(fmt::format(
      "{} programs of {} beside {} of {} calls, after at most {} of {} set-ups, {}: all "
      "schedules, about {}",
      programs.size(), what, others, kCalls.size(), most_before, kSetUps, explore::name(memory),
      about(runs)));
}

}  // namespace lab::engine
