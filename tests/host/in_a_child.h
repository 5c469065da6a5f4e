// What a child of fork(2) finds of its parent's handles, and what it can have of its own.
#pragma once

#include "tests/host/handles.h"

namespace cleave::detail {

/// Makes every call on every handle. What it prints on standard error is a call that did not answer
/// as a child is answered; false: there was one.
bool every_call_refuses(Handles& handles);

/// Makes a pool, a space and everything else anew, and uses it. False: see above.
bool has_its_own(const ArenaOptions& options);

}  // namespace cleave::detail
