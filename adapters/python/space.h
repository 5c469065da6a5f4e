// cleave.Space
#pragma once

#include <memory>

#include <pybind11/pybind11.h>

#include <cleave/space.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class SpaceObject : public Handle<Space> {
 public:
  explicit SpaceObject(Space&& space) : Handle("space", std::move(space)) {}
  /// Of what came from a repository of images, and is kept with it.
  explicit SpaceObject(std::shared_ptr<Space> space) : Handle("space", std::move(space)) {}
};

void define_space(pybind11::module_& module);

}  // namespace cleave::python
