// What differs between two tables.
#pragma once

#include <functional>

#include "cleave/base/units.h"
#include "cleave/frames/frames.h"
#include "cleave/table/entry.h"

namespace cleave {

/// Calls `differs` for each range of pages whose frames are not the same on both sides, ascending,
/// adjacent pages joined. Subtrees that both share are skipped unseen: the cost follows the pages that
/// differ. Neither tree may change meanwhile. A page absent on one side and present on the other
/// differs, and so does a page that was copied and then written with the bytes it had.
void diff(Entry a, Entry b, const std::function<void(PageRange)>& differs);

}  // namespace cleave
