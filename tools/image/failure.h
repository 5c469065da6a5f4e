// What ends the command.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include <cleave/error.h>

namespace cleave::command::image {

[[noreturn]] inline void fail(const std::string& where, const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", where, what));
}

/// With the kernel's reason, and what to do about it.
[[noreturn]] inline void fail_with_errno(const std::string& where, const char* next) {
  fail(where, fmt::format("{}; {}", std::generic_category().message(errno), next));
}

template <class T>
T got(Result<T>&& result, const std::string& where) {
  if (!result) fail(where, result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace cleave::command::image
