// One thing that a process does to memory, small enough to be enumerated.
#pragma once

#include <cstdint>

#include "lab/litmus/test.h"

namespace lab::spec {

/// How many of each a program may have: what is worth knowing needs no more.
inline constexpr std::size_t kProcesses = 2;  // the second is forked by the first
inline constexpr std::size_t kPages = 2;
inline constexpr std::size_t kReferences = 3;

/// A word of the language with numbers for names. Members that the word does not need are 0.
struct Act {
  litmus::Word word = litmus::Word::exit;
  litmus::Access access = {};
  litmus::Protection protection = litmus::Protection::none;
  litmus::Phase phase = litmus::Phase::begin;
  std::uint8_t process = 0;
  std::uint8_t page = 0;
  std::uint8_t other_process = 0;  ///< merge: whose second page
  std::uint8_t other = 0;          ///< merge, move: the second page
  std::uint8_t reference = 0;      ///< get, pin: the name given; poke, drop: the one meant
  bool operator==(const Act&) const = default;
};

[[nodiscard]] constexpr bool takes(const Act& act) {
  return act.word == litmus::Word::get || act.word == litmus::Word::pin;
}
/// Works through a reference, whoever has it.
[[nodiscard]] constexpr bool uses(const Act& act) {
  return act.word == litmus::Word::poke || act.word == litmus::Word::drop;
}
/// Puts a value that nothing has put before: then whoever sees it is known to see this act.
[[nodiscard]] constexpr bool writes(const Act& act) {
  return act.word == litmus::Word::write || act.word == litmus::Word::force ||
         act.word == litmus::Word::poke || act.word == litmus::Word::uffd_copy;
}

/// Makes a page be there.
[[nodiscard]] constexpr bool touches(const Act& act) {
  return act.word == litmus::Word::write || act.word == litmus::Word::force ||
         act.word == litmus::Word::read || takes(act);
}

}  // namespace lab::spec
