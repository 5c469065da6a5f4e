// What a process has run short of when the kernel refuses it a mapping.
#pragma once

#include <cstdint>

#include <cleave/error.h>

#include "base/refusal.h"

namespace cleave::detail {

/// What a mapping counts as: memory of the process's own counts against RLIMIT_DATA too.
enum class Mapped : std::uint8_t { shared, own };

/// The error for a call that makes or splits a mapping, and gave `error`. ENOMEM has many causes:
/// the text names the limit that is in the way, as far as it can be told. `bytes`: that the call
/// would have added to the address space.
tl::unexpected<Error> refused_mapping(const Refusals& call, std::uint64_t bytes, Mapped as,
                                      int error) noexcept;

/// The name of the limit that stands in the way of `bytes` more; nullptr: none that we know of.
const char* limit_of_mapping(std::uint64_t bytes, Mapped as) noexcept;

}  // namespace cleave::detail
