// What there was of the engine after each step of a run, for who draws it.
#pragma once

#include <vector>

#include <tl/expected.hpp>

#include "lab/judge/explanation.h"

namespace lab::engine {

/// As of lab/judge, of a run of the engine: frames are folios, holds and pins references. What a
/// thread is about to publish is not there yet. Refusals: those of record().
tl::expected<std::vector<model::View>, explore::Refusal> views(
    const judge::Explanation& explanation);

}  // namespace lab::engine
