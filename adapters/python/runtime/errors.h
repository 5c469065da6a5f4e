// The library's errors as Python exceptions.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <pybind11/pybind11.h>

#include <cleave/error.h>

namespace cleave::python {

namespace py = pybind11;

/// Raises the subclass of cleave.Error that stands for the code.
[[noreturn]] void raise(const Error& error);
/// The same where the binding itself refuses.
[[noreturn]] void raise_with(const char* code, const std::string& message);

/// The value, or the exception.
template <class T>
T value_of(Result<T>&& result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace cleave::python
