// `cleave demo`: a real database that branches, and proof that each branch holds what it should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <cleave/tracking.h>

namespace cleave::demo::database {

struct Options {
  std::string path;  ///< of an SQLite database; empty: what dpkg knows of this machine's packages
  std::size_t branches = 40;
  std::size_t steps = 100;
  int runs = 5;
  std::uint64_t seed = 1;
  Tracking tracking = Tracking::automatic;
  bool spoil = false;  ///< change a bit of the memory in secret
  bool json = false;

  void be_quick() {
    branches = 8;
    steps = 16;
    runs = 1;
  }
};

/// Prints what was found. The command's exit status: 0; 1: something differs; 2: it could not
/// start.
int run(const Options& options);

}  // namespace cleave::demo::database
