// Whether a test may come to the last entry of a large folio: a rule counts entries, and a part of
// a folio is many of them here.
#pragma once

#include "lab/judge/plan.h"

namespace lab::kernel {

/// Whether all parts but one of that declaration lose their entries in some process. Then each part
/// must be one entry; a huge entry has no such parts.
bool may_leave_one_entry(const judge::Plan& plan, std::size_t declaration);

}  // namespace lab::kernel
