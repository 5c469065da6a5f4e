// Who is calling. Tokens are compared for equality and nothing else.
#pragma once

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

enum class ThreadToken : std::uint64_t { none = 0 };

/// The calling thread's token: unique among living threads, reused after a thread's end.
inline ThreadToken this_thread() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) return ThreadToken{s->self() + 1};
#endif
  static thread_local const char here = 0;
  return ThreadToken{reinterpret_cast<std::uintptr_t>(&here)};
}

}  // namespace cleave::detail::sync
