// The dear side of an asymmetric pair of fences: membarrier(2).
#pragma once

#include <cleave/detail/fence.h>

namespace cleave::detail::sync {

/// Whether the kernel gives us membarrier(2). Decided once, before main; without it the light side
/// becomes a full fence and the heavy side one too. False in static constructors that run before
/// ours, which is the stronger mode.
extern const bool asymmetric_fences;

/// The same of the machine that an explored run believes itself on.
inline bool has_asymmetric_fences() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) return s->has_membarrier();
#endif
  return asymmetric_fences;
}

inline void light_fence(const char* name, Line where = Line()) noexcept {
  light_fence(name, has_asymmetric_fences(), where);
}

/// On return, every thread of this process has executed a full fence since the call.
/// One system call; 0.1 us when no other thread runs, an inter-processor interrupt otherwise.
void heavy_fence(const char* name, Line where = Line()) noexcept;

}  // namespace cleave::detail::sync
