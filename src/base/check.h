// Broken preconditions and our own bugs stop the program, in every build: memory that others trust
// with data must not go on from a state that it cannot explain.
#pragma once

namespace cleave::detail {

/// Prints the place, the condition and the text to standard error, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* text) noexcept;

}  // namespace cleave::detail

/// `text` says what the caller or the engine did wrong, and what it knows about it.
#define CLEAVE_CHECK(condition, text)                                       \
  do {                                                                      \
    if (!(condition)) [[unlikely]]                                          \
      ::cleave::detail::check_failed(__FILE__, __LINE__, #condition, text); \
  } while (false)
