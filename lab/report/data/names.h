// Names that every report gives to searches and standings.
#pragma once

#include "lab/explore/search/explorer.h"
#include "lab/judge/judge.h"

namespace lab::report {

/// "dpor", "states", ...
const char* name(explore::Search search);
/// "as expected", "open", "deviates".
const char* name(judge::Standing standing);

}  // namespace lab::report
