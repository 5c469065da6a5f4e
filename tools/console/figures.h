// Figures as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cleave::console {

/// Three significant digits or so, in a unit that suits. What could not be measured is a dash.
std::string time(double ns);
std::string size(double bytes);
/// 1,234,567
std::string count(std::uint64_t n);
/// 1 pack, 2 packs
std::string count(std::uint64_t n, std::string_view one, std::string_view many);

}  // namespace cleave::console
