// A run of operations any of whose system calls may be refused: what must hold then.
#pragma once

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <cleave/error.h>

#include "tests/support/refused_call.h"

namespace cleave::detail {

/// Thrown: a promise is broken.
struct Broken {
  std::string how;
};
/// Thrown: an operation fails for good, as it may where a call is refused from then on.
struct GivenUp {};

inline bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
         error == ENOSPC || error == EBUSY || error == EINTR;
}
inline bool is_denial(int error) { return error == EPERM || error == EACCES; }

class Scene {
 public:
  explicit Scene(const Refusing& refusing) : refusing_(refusing) {}

  static void expect(bool holds, std::string_view how) {
    if (!holds) throw Broken{std::string(how)};
  }

  /// What `operation()`, a Result, gives, at the second attempt if need be: one call alone is
  /// refused. After a failure `unchanged()` looks whether nothing has changed.
  template <class Operation>
  auto attempt(
      const char* what, Operation operation, const std::function<void()>& unchanged = [] {}) {
    auto result = operation();
    if (result) return take(std::move(result));
    check_words(what, result.error());
    unchanged();
    auto again = operation();
    if (again) return take(std::move(again));
    if (refusing_.from_then_on) throw GivenUp{};
    throw Broken{std::string(what) + " fails twice: " + again.error().message()};
  }

  [[nodiscard]] const Refusing& refusing() const { return refusing_; }

 private:
  template <class T>
  static T take(Result<T>&& result) {
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

  /// The error says why the call was refused, and takes none of the reasons for another.
  void check_words(const char* what, const Error& error) const {
    const std::string message =
        std::string(what) + ": " + error.message() + ", after " + std::strerror(refusing_.error);
    // Memory of the engine's own: from malloc, or mapped as malloc maps it.
    if (error.code == Errc::no_memory && error.system == 0 &&
        std::string_view(error.what).rfind("out of memory", 0) == 0) {
      return;
    }
    // pthread_create(3) gives EAGAIN for whatever a thread has not.
    const bool is_of_a_thread = refusing_.error == ENOMEM && error.system == EAGAIN &&
                                message.find("starts no thread more") != std::string::npos;
    expect(error.system == refusing_.error || is_of_a_thread, "another errno: " + message);
    const bool is_io = error.code == Errc::io;
    if (is_shortage(refusing_.error)) {
      expect(error.code == Errc::no_memory || is_io, "a shortage taken for something: " + message);
    } else {
      expect(error.code == Errc::unsupported || is_io, "not `unsupported`: " + message);
      expect(message.find("memory left") == std::string::npos &&
                 message.find("ran short") == std::string::npos,
             "called a shortage: " + message);
    }
    if (is_denial(refusing_.error)) {
      const bool says_so = message.find("denied") != std::string::npos ||
                           message.find("forbid") != std::string::npos ||
                           message.find("may not") != std::string::npos;
      expect(says_so || is_io, "no word of a policy: " + message);
    }
  }

  const Refusing refusing_;
};

}  // namespace cleave::detail
