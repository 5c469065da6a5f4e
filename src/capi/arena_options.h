// What C says of arenas, as C++ says it. Names nothing that is compiled, as capi/report.h.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <cleave/arena.h>
#include <cleave/c.h>

#include "base/fail.h"
#include "capi/handles.h"
#include "capi/report.h"

namespace cleave::detail::c {

inline constexpr std::uint32_t kKnownArenaFlags =
    CLEAVE_ARENA_NO_SYSTEM_CALLS | CLEAVE_ARENA_CATCH_WRITERS | CLEAVE_ARENA_CATCH_WAITERS |
    CLEAVE_ARENA_CATCH_UNSEEN;

inline Result<cleave_arena_options> checked(const cleave_arena_options* given) {
  if (given == nullptr) return cleave_arena_options{};
  const auto options = known_part(given);
  if (!options) return options;
  if ((options->flags & ~kKnownArenaFlags) != 0) {
    return fail(Errc::bad_argument, "the options have a flag that this library does not know");
  }
  if (!is_tracking(options->tracking)) {
    return fail(Errc::bad_argument, "the options name no way of tracking");
  }
  return options;
}

inline Result<ArenaOptions> options_of(const cleave_arena_options* given) {
  const auto options = checked(given);
  if (!options) return tl::unexpected(options.error());
  return ArenaOptions{.at = options->at,
                      .tracking = static_cast<Tracking>(options->tracking),
                      .system_calls_write = (options->flags & CLEAVE_ARENA_NO_SYSTEM_CALLS) == 0,
                      .catch_writers = (options->flags & CLEAVE_ARENA_CATCH_WRITERS) != 0,
                      .catch_waiters = (options->flags & CLEAVE_ARENA_CATCH_WAITERS) != 0,
                      .catch_unseen = (options->flags & CLEAVE_ARENA_CATCH_UNSEEN) != 0,
                      .joins = options->joins == nullptr ? nullptr : &options->joins->arena};
}

/// More than C++ can say is for ever.
inline std::chrono::milliseconds milliseconds(std::uint64_t count) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;  // 31 years
  return std::chrono::milliseconds(std::min(count, kMost));
}

}  // namespace cleave::detail::c
