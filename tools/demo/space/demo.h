// `cleave demo space`: a real file, a thousand branches of it on several threads, and proof that
// each holds what it should.
#pragma once

#include <cstdint>
#include <string>

namespace cleave::demo::space {

struct Options {
  std::string path;  ///< of a file; empty: a program of some MiB that building cleave needs
  std::uint64_t branches = 1000;
  unsigned threads = 4;
  std::uint64_t seed = 1;
  bool spoil = false;  ///< change a bit of a branch and one of the I/O in secret
  bool json = false;

  void be_quick() { branches = 100; }
};

/// Prints what was found. The command's exit status: 0; 1: something differs; 2: it could not
/// start.
int run(const Options& options);

}  // namespace cleave::demo::space
