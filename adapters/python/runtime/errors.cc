#include "adapters/python/runtime/errors.h"

#include <cstdint>

namespace cleave::python {
namespace {

[[noreturn]] void raise_made(const char* code, const std::string& message, std::uint64_t where,
                             int system) {
  // The class follows the code: cleave/_errors.py.
  const py::object made =
      py::module_::import("cleave._errors").attr("make")(code, message, where, system);
  PyErr_SetObject(py::type::handle_of(made).ptr(), made.ptr());
  throw py::error_already_set();
}

}  // namespace

void raise(const Error& error) {
  raise_made(name(error.code), error.message(), raw(error.where), error.system);
}

void raise_with(const char* code, const std::string& message) {
  raise_made(code, std::string(code) + ": " + message, 0, 0);
}

}  // namespace cleave::python
