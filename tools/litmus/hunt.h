// `cleave litmus hunt`: programs that nobody wrote, looked at under rule-sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/hunt/elsewhere.h"

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

/// Whether `against` is a judge that is no rule-set: "kernel" or "engine".
bool is_elsewhere(const std::string& against);
/// What it is called where its answers are kept: "Linux 6.18.44", since another may answer
/// otherwise.
std::string name_elsewhere(const std::string& against);
/// Asks it: the engine by any number of threads, the kernel by one. Ends the command with 77 where
/// the kernel cannot be asked.
lab::hunt::Elsewhere judge_elsewhere(const std::string& against);

}  // namespace cleave::litmus
