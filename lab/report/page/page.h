// The parts of the page, as the files beside this one have them. The build makes page.cc of them.
#pragma once

#include <string_view>

namespace lab::page {

extern const std::string_view kSkeleton;  ///< page.html
extern const std::string_view kStyle;     ///< page.css
extern const std::string_view kScript;    ///< page.js

}  // namespace lab::page
