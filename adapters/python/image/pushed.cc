#ifdef CLEAVE_PYTHON_IMAGE

#include "adapters/python/image/pushed.h"

#include <string>

#include "adapters/python/runtime/kind.h"

namespace cleave::python {

void define_pushed(py::module_& module) {
  auto kind =
      define<PushedObject>(module, "PushedImage",
                           R"(What was pushed, for the next push: Repository.push(since=...).

It keeps the contents, and 34 bytes for each of their pages.)");
  kind.def_property_readonly(
      "id", [](const PushedObject& self) { return self.get()->id().hex(); },
      "The commit's name: a str of 64 digits.");
  kind.def_property_readonly(
      "pages_put", [](const PushedObject& self) { return self.get()->pages_put(); },
      "Pages that the store lacked.");
  kind.def_property_readonly(
      "bytes_put", [](const PushedObject& self) { return self.get()->bytes_put(); },
      "Bytes that this push put into the store.");
  kind.def(
      "__repr__",
      [](const PushedObject& self) -> std::string {
        if (!self.is_here()) return "<cleave.PushedImage of the parent process>";
        return "<cleave.PushedImage " + self.get()->id().hex().substr(0, 12) + ">";
      },
      "__repr__(self)\n--\n\n");
}

}  // namespace cleave::python

#endif
