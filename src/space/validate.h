// What must be true of a space between operations. For tests; see table/validate.h.
#pragma once

#include "space/accessor_state.h"
#include "space/space_state.h"
#include "table/validate.h"

namespace cleave::detail {

/// The space's table and the references that its accessors have not dropped yet; and that no
/// revocation is under way.
void validate(SpaceState& space, Recount& recount);

/// What the accessor remembers and would use: reads lead to the page's frame, writes to one that
/// the space owns, both only where the region allows.
void validate(AccessorState& accessor, Recount& recount);

}  // namespace cleave::detail
