// cleave.PushedImage
#pragma once

#include <utility>

#include <pybind11/pybind11.h>

#include <cleave/image/repository.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class PushedObject : public Handle<PushedImage> {
 public:
  explicit PushedObject(PushedImage&& pushed) : Handle("pushed image", std::move(pushed)) {}
};

void define_pushed(pybind11::module_& module);

}  // namespace cleave::python
