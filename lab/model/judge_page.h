// A write or unshare fault on a present, anonymous, read-only page: what is looked at, in which
// order.
#pragma once

#include "lab/model/world.h"

namespace lab::model {

enum class PageVerdict : std::uint8_t { reuse, copy, wait };

/// Belongs into a step that has the page table lock. wait: for the page lock, and then look again.
/// On reuse the swap cache has been left where the rule-set leaves it, and the page is no merged
/// one any more.
PageVerdict judge_page(World& world, Task task, const Spot& spot);

}  // namespace lab::model
