// Small numbers for threads: which of a few exclusive places in a shared structure is the caller's
// own.
#pragma once

#include <cstdint>

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

/// How many threads can have a number to themselves at one time: 0 to kThreadNumbers - 1.
inline constexpr unsigned kThreadNumbers = 63;

/// The calling thread's number, the same from the first call until the thread ends; then another
/// thread may get it, and has seen all that this one did. The lowest number that is free. Threads
/// that find none free get kThreadNumbers, all of them, for good. In a child of fork(2) the one
/// thread keeps its number and all others are free.
unsigned thread_number() noexcept;

namespace number {
inline constexpr std::uint64_t kNone = ~std::uint64_t{0};
/// The calling thread's own: written by it alone, at its first use and at its end. Eight bytes of
/// the memory that the loader keeps for libraries that come late and ask for it at a fixed place:
/// what any other thread_local variable of a shared library costs is a call each time.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local std::uint64_t here;
}  // namespace number

/// The same, or a number above all others if the thread has never asked: for fast paths.
inline std::uint64_t thread_number_at_hand() noexcept {
#ifdef CLEAVE_EXPLORED
  if (scheduler() != nullptr) return thread_number();
#endif
  return number::here;
}

}  // namespace cleave::detail::sync
