// Words that Python passes for the library's enumerations.
#pragma once

#include <string>

#include <cleave/pin.h>
#include <cleave/region.h>
#include <cleave/tracking.h>

namespace cleave::python {

// Each raises ValueError, which lists the words there are.
[[nodiscard]] Protection protection_named(const std::string& word);
[[nodiscard]] PinAccess pin_access_named(const std::string& word);
[[nodiscard]] PinTerm pin_term_named(const std::string& word);
[[nodiscard]] Tracking tracking_word(const std::string& word);

}  // namespace cleave::python
