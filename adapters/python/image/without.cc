#ifndef CLEAVE_PYTHON_IMAGE

#include "adapters/python/image/image.h"
#include "adapters/python/runtime/kind.h"

namespace cleave::python {
namespace {

// A class a number.
template <int>
struct NotBuilt {};

template <int number>
std::unique_ptr<NotBuilt<number>> refuse_images(const py::args&, const py::kwargs&) {
  raise_with("unsupported",
             "this module was built without the library of images: install libssl-dev and "
             "libzstd-dev, and build it again");
}

template <int number>
void define_not_built(py::module_& module, const char* name) {
  (void)define<NotBuilt<number>>(module, name, "Not in this build.");
  make_by<NotBuilt<number>>(name, refuse_images<number>);
}

}  // namespace

void define_no_images(py::module_& module) {
  define_not_built<0>(module, "Repository");
  define_not_built<1>(module, "PushedImage");
  define_not_built<2>(module, "LazyImages");
  define_not_built<3>(module, "LazyCheckout");
  define_not_built<4>(module, "LazyArena");
}

}  // namespace cleave::python

#endif
