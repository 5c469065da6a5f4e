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
#include "sync/process.h"

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
    constexpr std::size_t kSize = sizeof(T);  // NOLINT(bugprone-sizeof-expression): or of a pointer
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / kSize;
    void* memory = count > kMost ? nullptr : sync::allocate(count * kSize, alignof(T));
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

/// The same for what no child of fork(2) may end: there the last holder goes, and the object stays,
/// half done or locked as other threads have left it.
template <class T>
class HereAllocator {
 public:
  using value_type = T;

  HereAllocator() noexcept : process_(Process::current()) {}
  template <class U>
  HereAllocator(const HereAllocator<U>& same) noexcept  // NOLINT(google-explicit-constructor)
      : process_(same.process()) {}

  T* allocate(std::size_t count) { return Allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (process_.is_here()) Allocator<T>().deallocate(memory, count);
  }
  template <class U>
  void destroy(U* object) noexcept {
    if (process_.is_here()) object->~U();
  }

  [[nodiscard]] Process process() const noexcept { return process_; }
  template <class U>
  friend bool operator==(const HereAllocator& /*a*/, const HereAllocator<U>& /*b*/) noexcept {
    return true;
  }

 private:
  Process process_;
};

/// A T with counted holders, which a child of fork(2) leaves alone. Throws std::bad_alloc.
template <class T, class... Arguments>
std::shared_ptr<T> share_new(Arguments&&... arguments) {
  return std::allocate_shared<T>(HereAllocator<T>(), std::forward<Arguments>(arguments)...);
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
