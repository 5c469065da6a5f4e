// Containers and counted objects in memory of the engine's own (sync/memory.h has the policy).
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/fail.h"
#include "sync/memory.h"

namespace cleave::detail::sync {

/// A standard allocator over allocate(). Throws std::bad_alloc.
template <class T>
class Allocator {
 public:
  using value_type = T;

  Allocator() noexcept = default;
  template <class U>
  Allocator(const Allocator<U>& /*same*/) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / sizeof(T);
    void* memory = count > kMost ? nullptr : sync::allocate(count * sizeof(T), alignof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t /*count*/) noexcept { sync::deallocate(memory); }

  template <class U>
  friend bool operator==(const Allocator& /*a*/, const Allocator<U>& /*b*/) noexcept {
    return true;
  }
};

template <class T>
using Vector = std::vector<T, Allocator<T>>;

/// A T with counted holders. Throws std::bad_alloc.
template <class T, class... Arguments>
std::shared_ptr<T> share_new(Arguments&&... arguments) {
  return std::allocate_shared<T>(Allocator<T>(), std::forward<Arguments>(arguments)...);
}

/// What `operation()`, a Result, comes to; no_memory and `what` where an Allocator in it throws.
template <class Operation>
auto or_no_memory(const char* what, Operation operation) -> decltype(operation()) {
  try {
    return operation();
  } catch (const std::bad_alloc&) {
    return fail(Errc::no_memory, what);
  }
}

}  // namespace cleave::detail::sync
