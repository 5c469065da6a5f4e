// Where a store lies: what a URL, the options and the environment say together.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <cleave/image/s3.h>

#include "s3/sign.h"

namespace cleave::detail::s3 {

struct Target {
  std::string origin;  ///< scheme, host and port
  std::string host;    ///< as the header says it
  std::string path;    ///< of the bucket: "/" and, unless the host names it, the bucket and "/"
  std::string prefix;  ///< of all keys; empty, or with a slash at its end
  std::string region;
  std::string certificates;  ///< empty: the system's
  Credentials credentials;
  std::chrono::milliseconds timeout{};
  std::chrono::milliseconds first_pause{50};  ///< before a second try; doubled for each after it
};

/// Errors: bad_argument.
Result<Target> target_of(std::string_view url, const S3Options& options);

}  // namespace cleave::detail::s3
