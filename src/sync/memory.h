// The engine's metadata comes from here, and from nowhere else, so that a test can make the k-th
// allocation fail, for every k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace cleave::detail::sync {

/// Whether the allocation that is about to happen is the one that a test wants to fail. Frames ask
/// too: a frame taken from the pool is an allocation.
bool allocation_fails() noexcept;

/// Makes the k-th allocation from now (k = 1 is the next one) fail, by whatever thread; 0 disarms.
void fail_allocation(std::uint64_t k) noexcept;

/// Whether an armed failure has struck since fail_allocation().
bool allocation_failed() noexcept;

/// At least `bytes` bytes on a boundary of `alignment` (a power of two); nullptr when there is no
/// memory. Any thread.
void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept;
void deallocate(void* memory) noexcept;

/// `new T(arguments...)` from allocate(); nullptr when there is no memory.
template <class T, class... Arguments>
T* make(Arguments&&... arguments) noexcept {
  void* memory = allocate(sizeof(T), alignof(T));
  return memory == nullptr ? nullptr : new (memory) T(std::forward<Arguments>(arguments)...);
}

/// Ends what make() began. `object` may be null.
template <class T>
void destroy(T* object) noexcept {
  if (object == nullptr) return;
  object->~T();
  deallocate(object);
}

}  // namespace cleave::detail::sync
