// Children of fork(2), and how they end.
#pragma once

#include <sys/types.h>

#include <cleave/function_ref.h>

namespace cleave::detail {

/// Forks. The child runs `in_the_child`, with a limit of two minutes; what it gives is the child's
/// exit status, through exit(3), which ends what is static. True: it was 0. Otherwise standard
/// error says how the child ended and, if it hung or aborted, where.
bool child_ends_well(function_ref<int()> in_the_child);

}  // namespace cleave::detail
