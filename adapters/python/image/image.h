// cleave.Repository and what it gives, and cleave.LazyImages.
#pragma once

#include <pybind11/pybind11.h>

namespace cleave::python {

void define_repository(pybind11::module_& module);
void define_lazy_images(pybind11::module_& module);

/// In place of both, where this module was built without the library of images: classes of these
/// names whose call raises UnsupportedError.
void define_no_images(pybind11::module_& module);

}  // namespace cleave::python
