// Memory of the engine's own: whatever the library allocates comes from here, so that a test can
// make the k-th allocation fail, for every k.
//
// The policy. An operation that lacks memory returns no_memory, and nothing has changed. Single
// objects come from make() and make_owned(), which give null. Containers and counted objects use an
// Allocator (sync/allocator.h), which throws std::bad_alloc as the standard asks; or_no_memory(),
// at the head of an operation, is the only place where that becomes an error, and it is caught
// nowhere else. Two things are the caller's own and throw std::bad_alloc themselves: a std::string
// that the library returns (Error::message(), Arena::tracking_reason()) and HeapResource, as a pmr
// resource has to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
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
/// The same, all zeroes. Where there is much of it, the kernel's: it costs nothing until it is
/// used.
void* allocate_zeroed(std::size_t bytes) noexcept;
void deallocate(void* memory) noexcept;

/// `new T(arguments...)` from allocate(); nullptr when there is no memory.
template <class T, class... Arguments>
T* make(Arguments&&... arguments) noexcept {
  void* memory = allocate(sizeof(T), alignof(T));
  return memory == nullptr ? nullptr : new (memory) T(std::forward<Arguments>(arguments)...);
}

/// Ends what make() began. `object` may be null, and a base of what was made if its destructor is
/// virtual.
template <class T>
void destroy(T* object) noexcept {
  if (object == nullptr) return;
  void* memory = object;
  if constexpr (std::is_polymorphic_v<T>) memory = dynamic_cast<void*>(object);
  object->~T();
  deallocate(memory);
}

struct Destroy {
  template <class T>
  void operator()(T* object) const noexcept {
    destroy(object);
  }
};

/// What one holder has of its own.
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

/// make() for one holder; null when there is no memory.
template <class T, class... Arguments>
Owned<T> make_owned(Arguments&&... arguments) noexcept {
  return Owned<T>(make<T>(std::forward<Arguments>(arguments)...));
}

}  // namespace cleave::detail::sync
