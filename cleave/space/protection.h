#pragma once

#include <cstdint>

namespace cleave {

/// What a region allows. Ordered: each allows what those before it allow.
enum class Protection : std::uint8_t { none, read, read_write };

}  // namespace cleave
