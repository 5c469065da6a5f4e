// How the side that fuzzes and the target's server meet: AFL++'s protocol, and where an input is.
#pragma once

#include <array>
#include <cstddef>

namespace cleave::example::afl {

/// The descriptors by which a fork server is told and answers.
inline constexpr int kTold = 198;
inline constexpr int kAnswers = 199;
/// That of the file which both have mapped, as AFL++ has with targets that take inputs so.
inline constexpr int kInputFile = 200;

struct Shared {
  std::size_t size;
  std::array<char, 1024> statements;
};

}  // namespace cleave::example::afl
