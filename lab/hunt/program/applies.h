// Which programs mean something to which rule-set.
#pragma once

#include "lab/hunt/program/program.h"
#include "lab/judge/variant.h"

namespace lab::hunt {

/// cleave's spaces have no files, no large pages, no holders from outside, and no merging.
bool applies(const judge::Variant& variant, const Start& start);
/// Whether the system that the rule-set is of does anything of the kind.
bool applies(const judge::Variant& variant, const spec::Act& act);
bool applies(const judge::Variant& variant, const spec::Promise& after);
bool applies(const judge::Variant& variant, const Program& program);

}  // namespace lab::hunt
