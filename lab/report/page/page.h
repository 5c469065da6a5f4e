// The parts of the page, as the files beside this one have them, and a page made of such parts. The
// build makes page.cc of the files.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace lab::page {

extern const std::string_view kSkeleton;  ///< page.html
extern const std::string_view kStyle;     ///< page.css
extern const std::string_view kScript;    ///< page.js

/// A page as one file: `skeleton` with the others in the places that it marks, each once, with
/// "/*TITLE*/" (any text), "/*STYLE*/", "/*SCRIPT*/" and "/*DATA*/", the last in a script element.
struct Parts {
  std::string_view skeleton, title, style, script;
};
std::string whole(const Parts& parts, const nlohmann::ordered_json& data);

}  // namespace lab::page
