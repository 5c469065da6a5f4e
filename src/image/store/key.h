// What names an object of a store. A header alone: the libraries of stores share it.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/fail.h"

namespace cleave::detail::image {

/// Keys are the library's own. Whoever brings others must not get out of the store's place.
inline bool is_key(std::string_view key) {
  return !key.empty() && key.front() != '/' && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/';
  });
}

inline tl::unexpected<Error> no_key() {
  return fail(Errc::bad_argument, "keys of an image's store are of [a-z0-9/]");
}

}  // namespace cleave::detail::image
