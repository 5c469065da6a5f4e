// How many runs a second the engine's own code takes under the explorer: a fork, a fast pin and a
// store to the same page, all orders, again and again. A program of its own, since the explored
// library cannot be linked beside the one that all other benchmarks measure.
//
//   runs-of-the-engine sc|tso EXPLORATIONS
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "lab/engine/calls_scene.h"
#include "lab/explore/search/explorer.h"
#include "measure/clock.h"

namespace {

using lab::engine::Call;

int measure(lab::explore::Memory memory, unsigned long explorations) {
  const lab::engine::Calls calls{{}, {{Call::fork}, {Call::pin}, {Call::store}}};
  const lab::explore::Factory factory = [&] {
    return std::make_unique<lab::engine::CallsScene>(calls);
  };
  lab::explore::Options options;
  options.memory = memory;
  options.check_runs = 0;  // each run would be made thrice
  std::uint64_t runs = 0;
  std::uint64_t given_up = 0;
  bool failed = false;
  const double nanoseconds = cleave::measure::processor_nanoseconds_for([&] {
    for (unsigned long i = 0; i < explorations; ++i) {
      const auto result = lab::explore::explore(factory, options);
      failed = failed || !result || !result->failures.empty();
      if (!result) return;
      runs += result->traces + result->cut;
      given_up += result->cut;
    }
  });
  fmt::print("runs: {}\ngiven up: {}\nruns a second: {:.0f}\n{}\n", runs / explorations,
             given_up / explorations, static_cast<double>(runs) / nanoseconds * 1e9,
             failed ? "failed" : "holds");
  return failed ? 1 : 0;
}

}  // namespace

int main(int arguments, char** argument) {
  const unsigned long explorations = arguments > 2 ? std::strtoul(argument[2], nullptr, 10) : 0;
  if (explorations == 0) {
    fmt::print(stderr, "{} sc|tso EXPLORATIONS\n", argument[0]);
    return 2;
  }
  const bool buffers = std::strcmp(argument[1], "tso") == 0;
  return measure(buffers ? lab::explore::Memory::tso : lab::explore::Memory::sc, explorations);
}
