// What is hunted, and how far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/explore/execution/execution.h"
#include "lab/hunt/play/scene.h"
#include "lab/hunt/program/start.h"
#include "lab/hunt/program/word.h"
#include "lab/judge/variant.h"

namespace lab::hunt {

struct Options {
  /// Whose breaches, or differences, are looked for; at most 64.
  std::vector<judge::Variant> variants;
  /// What they are compared with; none: the specification.
  std::optional<judge::Variant> reference;
  /// Or who is asked what the one variant predicts: "engine", "Linux 6.18.44"; empty: nobody.
  std::string elsewhere;
  std::vector<const Start*> starts;
  std::uint8_t most_references = 2;

  // Programs in which one thing follows the other.
  std::vector<Shape> words;
  std::uint32_t depth = 4;  ///< acts a program; 0: none

  // Programs in which two things race.
  std::vector<Shape> before_words, race_words, after_words;
  std::uint32_t before = 2;               ///< acts that come first, at most
  std::uint32_t after = 1;                ///< acts that come last, at most
  std::vector<explore::Memory> memories;  ///< empty: there are no races

  /// A test's own way to perform instructions.
  Performer performer = nullptr;
};

/// The words of races, where nothing else is asked for.
inline constexpr const char* kBeforeWords = "fork,write,swapout,pin,pin write,get,protect ro";
inline constexpr const char* kRaceWords =
    "write,force,fork,exit,get,get fast,pin,pin fast,pin write,pin write fast,poke,drop,unmap,"
    "discard,free,protect ro,swapout,swapoff,merge,unmerge,migrate,split,split_pmd,collapse";
inline constexpr const char* kAfterWords = "write,poke,swapout,unmap";

/// All of it that an answer depends on, in one line: two hunts with the same are the same hunt.
std::string text(const Options& options);

}  // namespace lab::hunt
