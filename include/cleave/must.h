// For programs that have no better answer to an error than to stop.
#pragma once

#include <type_traits>
#include <utility>

#include <cleave/error.h>

namespace cleave {

/// Prints the caller's place and the error's message to standard error, then aborts: no destructor
/// runs, since other threads may be at work. (Not std::source_location, which Clang 14 lacks.)
[[noreturn]] CLEAVE_API void stop(const Error& error, const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) noexcept;

/// The value of a result; without one the program stops with the error and the caller's place:
/// `auto space = must(Space::create(pool));`. For examples, tests and tools; the library itself
/// never calls it.
template <class T>
T must(Result<T>&& result, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!result) [[unlikely]]
    stop(result.error(), file, line);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
/// The same for what map(), and_then() and their like give.
template <class T>
T must(tl::expected<T, Error>&& result, const char* file = __builtin_FILE(),
       int line = __builtin_LINE()) {
  return must(Result<T>(std::move(result)), file, line);
}

}  // namespace cleave
