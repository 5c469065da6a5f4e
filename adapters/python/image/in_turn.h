// What one thread may use at a time, inside a Python object that many may call.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "adapters/python/runtime/gil.h"

namespace cleave::python {

template <class T>
class InTurn {
 public:
  explicit InTurn(T&& value) : value_(std::move(value)), turn_(std::make_unique<std::mutex>()) {}

  /// `work(value)`, without the GIL, as without_gil().
  template <class Work>
  auto use(Work&& work) {
    return without_gil([&] {
      const std::lock_guard guard(*turn_);
      return work(value_);
    });
  }
  /// Of two, of which neither waits for the other's.
  template <class Work>
  static auto use_both(InTurn& a, InTurn& b, Work&& work) {
    return without_gil([&] {
      const std::scoped_lock guard(*a.turn_, *b.turn_);
      return work(a.value_, b.value_);
    });
  }

 private:
  T value_;
  std::unique_ptr<std::mutex> turn_;
};

}  // namespace cleave::python
