// What a correct caller can meet, as values. Nothing here throws.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "cleave/base/units.h"

namespace cleave {

enum class Errc : std::uint8_t {
  no_memory,       ///< the pool's budget, or the machine's memory, is used up
  not_mapped,      ///< no region covers the address
  already_mapped,  ///< a region covers part of the range already
  not_permitted,   ///< the region's protection forbids the access
  bad_argument,    ///< misaligned, empty, wrapped or out of range
  pinned,          ///< a page in the range is pinned, and the operation would have to move it
  busy,            ///< a page has as many pins as can be counted
  unsupported,     ///< the kernel lacks what the operation needs
  io,              ///< a file or device refused; `system` says why
  cancelled,       ///< the caller asked for the operation to be given up
};

/// The code's name, as in "no_memory".
const char* name(Errc code) noexcept;

/// An error says what went wrong, where, and what to do next. Trivially copyable, no allocation.
struct Error {
  Errc code;
  /// Static text: what happened and what to do about it.
  const char* what;
  /// The first byte that the operation could not serve; 0 where no address is at issue.
  Address where{0};
  /// The kernel's errno, where a system call failed; else 0.
  int system = 0;

  /// One line for a person: code, text, address, errno's text.
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = tl::expected<T, Error>;

/// An error to return from a function whose type is Result<anything>.
inline tl::unexpected<Error> fail(Errc code, const char* what, Address where = Address{0},
                                  int system = 0) {
  return tl::unexpected<Error>(Error{code, what, where, system});
}

/// Prints `error` and ends the program with status 1.
[[noreturn]] void stop(const Error& error) noexcept;

/// The value of a result, for programs that have no better answer to an error than to stop with its
/// message: `auto space = must(Space::create(pool));`
template <class T>
T must(Result<T>&& result) {
  if (!result) [[unlikely]]
    stop(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace cleave
