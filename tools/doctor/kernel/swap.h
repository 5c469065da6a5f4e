// How swap files work in the folder where they are made.
#pragma once

#include "tools/doctor/kernel/finding.h"

namespace cleave::doctor {

/// Files without a name (O_TMPFILE) and past the page cache (O_DIRECT), tried in $TMPDIR, else in
/// /var/tmp. Whether io_uring works is a finding of its own.
Finding look_at_swap_folder();

}  // namespace cleave::doctor
