// The stress test's rules, which make every answer checkable while no thread stands still.
//
// There are a few shared spaces (boards). Each thread owns some pages of every board and some
// regions that it maps and unmaps there; it writes only to those, and so it knows at any time what
// they hold, in the board and in each snapshot and fork that it took itself. On one page of the
// board all threads count with fetch_add, each in its own word and then in a common one.
//
// Others' pages carry proof of themselves: each word holds its writer, its place and a sequence
// number. A reader of a board checks the proof, and that no word goes back in time. A fork or a
// snapshot is one moment, so the common count in it is that of all threads together, but for
// additions under way.
#pragma once

#include <chrono>
#include <cstdint>

namespace cleave::detail {

struct StressOptions {
  unsigned threads;
  std::uint64_t seed;
  std::uint64_t frames;
  /// Pages beyond those frames, in a backing; while threads play, another has frames go there.
  std::uint64_t away = 0;
};

/// Prints what was done. False: something was wrong; it has been printed too.
bool stress(const char* name, const StressOptions& options, std::chrono::duration<double> time);

}  // namespace cleave::detail
