// Small numbers for threads: which of a few exclusive places in a shared structure is the caller's
// own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/explored.h>
#include <cleave/units.h>

namespace cleave::detail::sync {

/// How many threads can have a number to themselves at one time: 0 to kThreadNumbers - 1.
inline constexpr unsigned kThreadNumbers = 63;

/// The calling thread's number, the same from the first call until the thread ends; then another
/// thread may get it, and has seen all that this one did. The lowest number that is free. Threads
/// that find none free get kThreadNumbers, all of them, for good. In a child of fork(2) the one
/// thread keeps its number and all others are free.
unsigned thread_number() noexcept;

namespace number {
// Numbers by thread pointer, for fast paths: a thread_local variable costs position-independent
// code a call, or memory that the loader has little of for libraries that come late. A place holds
// the pointer of a thread that has a number, whose low bits are zero, and in them the number. It is
// written by that thread alone, at its first use and at its end, and by the one thread of a child
// of fork(2). Of two threads with one place, the first has it.
inline constexpr std::size_t kPlaces = 1024;
extern constinit std::atomic<std::uint64_t> numbers_at_hand[kPlaces];

inline std::uint64_t thread_pointer() noexcept {
#if defined(__x86_64__)
  std::uint64_t pointer;
  asm("movq %%fs:0, %0" : "=r"(pointer));  // as the ABI has it; Clang 14 has no builtin for it
  return pointer;
#else
  return reinterpret_cast<std::uint64_t>(__builtin_thread_pointer());
#endif
}
// Stacks of one size with a page of guard lie an odd number of pages apart, and so no two of those
// that follow each other have one place.
inline std::atomic<std::uint64_t>& place_of(std::uint64_t pointer) noexcept {
  return numbers_at_hand[pointer / kPageSize % kPlaces];
}
}  // namespace number

/// The same, or a large number if the thread has never asked, or has its number not at hand: a few
/// instructions and no call, for fast paths.
inline std::uint64_t thread_number_at_hand() noexcept {
#ifdef CLEAVE_EXPLORED
  if (scheduler() != nullptr) return thread_number();
#endif
  const std::uint64_t pointer = number::thread_pointer();
  return number::place_of(pointer).load(std::memory_order_relaxed) ^ pointer;
}

}  // namespace cleave::detail::sync
