// What differs between two tables.
#pragma once

#include <cleave/function_ref.h>
#include <cleave/units.h>

#include "frames/frames.h"
#include "table/entry.h"

namespace cleave::detail {

/// Calls `differs` for each range of pages whose frames are not the same on both sides, ascending,
/// adjacent pages joined. Subtrees that both share are skipped unseen: the cost follows the pages
/// that differ. Neither tree may change meanwhile. A page absent on one side and present on the
/// other differs, and so does a page that was copied and then written with the bytes it had.
void diff(Entry a, Entry b, function_ref<void(PageRange)> differs);

}  // namespace cleave::detail
