// What is said of an emulator.
#pragma once

#include "examples/libretro/measure.h"

namespace cleave::example {

/// `heap_alone`: of a run where the heap alone went back, which may not have ended well; `all`: of
/// one where its variables did, too.
void report(const char* package, const Figures& heap_alone, bool heap_alone_well,
            const Figures& all);

}  // namespace cleave::example
