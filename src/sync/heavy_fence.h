// The dear side of an asymmetric pair of fences: membarrier(2).
#pragma once

#include <atomic>
#include <cstdint>

#include <cleave/detail/fence.h>

namespace cleave::detail::sync {

/// Whether the kernel gives us membarrier(2): without it the light side becomes a full fence, and
/// the heavy side one too. Asked before main, or by who needs to know sooner: a program's static
/// constructors may run before ours, and its first allocation before all of them. It never changes,
/// since two threads that believed different things would not see each other.
enum class Fences : std::uint8_t { not_asked, symmetric, asymmetric };
extern std::atomic<Fences> fences;
/// Asks, and gives what is so from then on. Any thread.
[[gnu::cold]] Fences ask_for_fences() noexcept;

/// The same of the machine that an explored run believes itself on.
inline bool has_asymmetric_fences() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) return s->has_membarrier();
#endif
  const Fences known = fences.load(std::memory_order_relaxed);
  return (known != Fences::not_asked ? known : ask_for_fences()) == Fences::asymmetric;
}

inline void light_fence(const char* name, Line where = Line()) noexcept {
  light_fence(name, has_asymmetric_fences(), where);
}

/// On return, every thread of this process has executed a full fence since the call.
/// One system call; 0.1 us when no other thread runs, an inter-processor interrupt otherwise.
void heavy_fence(const char* name, Line where = Line()) noexcept;

}  // namespace cleave::detail::sync
