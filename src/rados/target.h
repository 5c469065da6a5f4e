// What the name of a store in RADOS says.
#pragma once

#include <string>
#include <string_view>

#include <cleave/error.h>

namespace cleave::detail::rados {

struct Target {
  std::string user;  ///< without "client."
  std::string pool;
  std::string space;  ///< the namespace; empty: the pool's own
};

/// rados://[USER@]POOL[/NAMESPACE]. Error: bad_argument.
Result<Target> target_of(std::string_view url);

}  // namespace cleave::detail::rados
