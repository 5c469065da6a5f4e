// Errors that a correct caller can meet, as values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include <cleave/detail/config.h>
#include <cleave/units.h>

namespace cleave {

/// What kind of thing went wrong: what a program can act on. Error::what says it in words.
enum class Errc : std::uint8_t {
  no_memory,       ///< the pool's budget, the machine's memory or a limit of the process is used up
  not_mapped,      ///< no region covers the address; not_permitted if one does, and forbids it
  already_mapped,  ///< a region, or a mapping of the process, covers part of the range
  not_permitted,   ///< a protection forbids it; or a child of fork(2), or a visit, asks
  bad_argument,    ///< misaligned, empty, out of range, null, or of another pool or arena
  pinned,          ///< a page in the range is pinned, and the operation would have to move it
  too_many_pins,   ///< a page has as many pins as can be counted; pinned if one is too many
  unsupported,     ///< the kernel lacks what it needs, or a policy denies it: `cleave doctor`
  io,              ///< a file or device refused; `system` says why
  cancelled,       ///< the caller asked for the operation to be given up
  already_exists,  ///< the name is taken
};

/// The code's name, as in "no_memory".
CLEAVE_API const char* name(Errc code) noexcept;

/// An error says what went wrong, where, and what to do next. Trivially copyable, no allocation.
struct CLEAVE_API Error {
  /// What kind of thing went wrong.
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
class Result;

namespace detail {

template <class T>
Result<T> as_result(tl::expected<T, Error>&& from) {
  return std::move(from);
}

template <class T>
tl::expected<T, Error> as_expected(tl::expected<T, Error> from) {
  return from;
}

/// A function that gives a Result, for algorithms that know none but tl::expected itself.
template <class Function>
struct GivesExpected {
  Function& function;
  template <class... Value>
  auto operator()(Value&&... value) const {
    return as_expected(std::invoke(function, std::forward<Value>(value)...));
  }
};
template <class Function>
GivesExpected(Function&) -> GivesExpected<Function>;

}  // namespace detail

/// A value, or the Error that says why there is none. A tl::expected, with all that one has:
/// has_value(), `*result`, error(); value() alone throws where there is none. A result that is
/// ignored is a warning: what was not done would go unnoticed. T may be void.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result() = default;
  /// Implicit: what algorithms on tl::expected give is one.
  Result(Base from) : Base(std::move(from)) {}  // NOLINT(google-explicit-constructor)

  /// A Result of what `next` gives for the value; without a value, of the same error.
  template <class Next>
  auto map(Next&& next) & {
    return detail::as_result(base().map(std::forward<Next>(next)));
  }
  /// The same of a constant result.
  template <class Next>
  auto map(Next&& next) const& {
    return detail::as_result(base().map(std::forward<Next>(next)));
  }
  /// The same of a result that is given up: `next` may move from the value.
  template <class Next>
  auto map(Next&& next) && {
    return detail::as_result(std::move(base()).map(std::forward<Next>(next)));
  }

  /// What `next`, which gives a Result itself, gives for the value; without a value, the same
  /// error.
  template <class Next>
  auto and_then(Next&& next) & {
    return detail::as_result(base().and_then(detail::GivesExpected{next}));
  }
  /// The same of a constant result.
  template <class Next>
  auto and_then(Next&& next) const& {
    return detail::as_result(base().and_then(detail::GivesExpected{next}));
  }
  /// The same of a result that is given up: `next` may move from the value.
  template <class Next>
  auto and_then(Next&& next) && {
    return detail::as_result(std::move(base()).and_then(detail::GivesExpected{next}));
  }

 private:
  Base& base() { return *this; }
  const Base& base() const { return *this; }
};

}  // namespace cleave
