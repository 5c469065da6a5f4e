// For programs that have no better answer to an error than to stop.
#pragma once

#include <type_traits>
#include <utility>

#include <cleave/error.h>

namespace cleave {

/// A place in the caller's source: what std::source_location is, for compilers too that do not have
/// that yet (Clang 14).
struct SourceLocation {
  const char* file;  ///< static text
  unsigned line;     ///< counted from 1
  /// Where the call stands; as a parameter's default, where that function is called.
  static constexpr SourceLocation here(const char* file = __builtin_FILE(),
                                       unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

/// Prints the caller's place and the error's message to standard error, then aborts: no destructor
/// runs, since other threads may be at work.
[[noreturn]] CLEAVE_API void stop(const Error& error,
                                  SourceLocation where = SourceLocation::here()) noexcept;

/// The value of a result; without one the program stops with the error and the caller's place:
/// `auto space = must(Space::create(pool));`. For examples, tests and tools; the library itself
/// never calls it.
template <class T>
T must(Result<T>&& result, SourceLocation where = SourceLocation::here()) {
  if (!result) [[unlikely]]
    stop(result.error(), where);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
/// The same for what map(), and_then() and their like give.
template <class T>
T must(tl::expected<T, Error>&& result, SourceLocation where = SourceLocation::here()) {
  return must(Result<T>(std::move(result)), where);
}

}  // namespace cleave
