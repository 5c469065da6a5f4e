// Small numbers for threads: which of a few exclusive places in a shared structure is the caller's
// own.
#pragma once

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

/// How many threads can have a number to themselves at one time: 0 to kThreadNumbers - 1.
inline constexpr unsigned kThreadNumbers = 63;

namespace number {
inline constexpr unsigned kNoNumberYet = ~0u;
// Of the compiler's own model: a program that is linked with the static library reads it by one
// instruction, and a plug-in that holds the library takes nothing of the little memory that the
// loader keeps for static TLS.
extern constinit thread_local unsigned number_here;
}  // namespace number

/// The calling thread's number, the same from the first call until the thread ends; then another
/// thread may get it, and has seen all that this one did. The lowest number that is free. Threads
/// that find none free get kThreadNumbers, all of them, for good. In a child of fork(2) the one
/// thread keeps its number and all others are free.
unsigned thread_number() noexcept;

/// The same, or some number above kThreadNumbers if the thread has never asked: a load, for fast
/// paths.
inline unsigned thread_number_if_known() noexcept {
#ifdef CLEAVE_EXPLORED
  if (scheduler() != nullptr) return thread_number();
#endif
  return number::number_here;
}

}  // namespace cleave::detail::sync
