// How a function of the library says that it failed.
#pragma once

#include <cleave/error.h>

namespace cleave::detail {

/// An error to return from a function whose type is Result<anything>.
inline tl::unexpected<Error> fail(Errc code, const char* what, Address where = Address{0},
                                  int system = 0) {
  return tl::unexpected<Error>(Error{code, what, where, system});
}

}  // namespace cleave::detail
