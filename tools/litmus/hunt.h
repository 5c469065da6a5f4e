// `cleave litmus hunt`: programs that nobody wrote, looked at under rule-sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/hunt/hunt.h"

namespace cleave::litmus {

/// What a hunt is asked for, as text.
struct HuntAsked {
  std::vector<std::string> rules;
  std::string against = "spec";
  std::string starts = "all";
  std::string words = "usual";
  std::uint32_t depth = 4;
  std::string races = "sc";  ///< memory models, with commas; "none"
  std::uint32_t before = 1;
  std::uint32_t after = 1;
  std::string before_words, race_words, after_words;
  std::uint32_t references = 2;
  std::string journal;
  std::string shard = "1/1";
  std::string queue;  ///< HOST:PORT/NAME of the campaign; empty: this process alone
  std::string out;
  std::string html;
  double time = 0;
  std::uint64_t seed = 0;
  unsigned jobs = 1;
  bool json = false;
  bool verbose = false;
};

/// Hunts, and prints what was found. Ends the command with status 1 where something was, with 3
/// where nothing was and not all was searched, with 2 where it cannot be done.
void hunt(const HuntAsked& asked);
/// Joins journals to one, which it writes to `into` (empty: nowhere), and prints what they found.
void merge_hunts(const std::vector<std::string>& journals, const std::string& into,
                 const HuntAsked& asked);

/// Asks `judge`, "kernel" or "engine", of generated programs, each held to what the options' one
/// rule-set predicts, for so long; prints, and ends the command as hunt() does.
void hunt_elsewhere(const lab::hunt::Options& options, const std::string& judge, std::uint64_t seed,
                    double most_seconds);

}  // namespace cleave::litmus
