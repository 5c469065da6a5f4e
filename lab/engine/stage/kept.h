// A handle of the engine's that is ended when a run says so, and never by itself: a run may be left
// in the middle of anything.
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace lab::engine {

template <class T>
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() = default;

  T& emplace(T&& value) {
    there_ = true;
    return *new (storage_) T(std::move(value));
  }
  void end() {
    if (!there_) return;
    there_ = false;
    std::destroy_at(&**this);
  }
  explicit operator bool() const { return there_; }
  T& operator*() { return *std::launder(reinterpret_cast<T*>(storage_)); }
  const T& operator*() const { return *std::launder(reinterpret_cast<const T*>(storage_)); }
  T* operator->() { return &**this; }

 private:
  bool there_ = false;
  alignas(T) std::byte storage_[sizeof(T)];
};

}  // namespace lab::engine
