// Regions: which pages of a space are mapped, and what each allows.
#pragma once

#include <cstdint>

#include <cleave/units.h>

namespace cleave {

/// What a region allows. Ordered: each allows what those before it allow.
enum class Protection : std::uint8_t { none, read, read_write };

/// A mapped range with one protection. Neighbours with the same protection are one region.
struct Region {
  PageRange pages;        ///< which
  Protection protection;  ///< what all of them allow
  /// Whether both are the same pages with the same protection.
  friend bool operator==(const Region&, const Region&) = default;
};

}  // namespace cleave
