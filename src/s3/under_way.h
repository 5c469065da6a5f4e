// Requests that threads have under way while the process ends.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>

namespace cleave::detail::s3 {

/// TLS takes away what it works with when the process ends, whatever other threads still do: a
/// daemon thread of Python's is not asked. So a request has to be let in; at the end none is any
/// more, those that are under way are told to stop, and the end waits for them, for some seconds.
class UnderWay {
 public:
  /// False: the process ends. TLS is not to be touched.
  [[nodiscard]] static bool enter() noexcept;
  static void leave() noexcept;
  [[nodiscard]] static bool is_ending() noexcept;

  /// Call once TLS is set up: what was asked for last is done first at the end.
  static void watch_the_end() noexcept;
};

/// One of them, for a scope.
class Entered {
 public:
  Entered() noexcept : is_let_in_(UnderWay::enter()) {}
  ~Entered() {
    if (is_let_in_) UnderWay::leave();
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  explicit operator bool() const noexcept { return is_let_in_; }

 private:
  const bool is_let_in_;
};

}  // namespace cleave::detail::s3
