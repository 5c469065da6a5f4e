// A handle of the library inside a Python object.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/child.h"

namespace cleave::python {

/// Empty once it was closed. A call in another thread, without the GIL, keeps what it works on
/// until it is through. Whoever has it last ends it, without the GIL (EndUnlessChild).
template <class T>
class Handle {
 public:
  /// `what` is its name in messages.
  Handle(const char* what, T&& value) : what_(what), value_(keep(std::move(value))) {}
  /// Of a part of what another handle has, which stays as long as this does.
  Handle(const char* what, std::shared_ptr<T> part) : what_(what), value_(std::move(part)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() = default;

  /// Raises ValueError if it was closed, NotPermittedError in a child of fork(2).
  [[nodiscard]] std::shared_ptr<T> get() const {
    expect_same_process(born_, what_);
    if (value_ == nullptr) {
      throw pybind11::value_error("the " + std::string(what_) + " is closed");
    }
    return value_;
  }
  [[nodiscard]] bool is_closed() const noexcept { return value_ == nullptr; }
  [[nodiscard]] bool is_here() const noexcept { return born_ == generation(); }

  void close() { const std::shared_ptr<T> last = std::move(value_); }

 private:
  const char* what_;
  unsigned born_ = generation();
  std::shared_ptr<T> value_;
};

}  // namespace cleave::python
