// cleave.Ring
#pragma once

#include <pybind11/pybind11.h>

#include <cleave/ring.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class RingObject : public Handle<Ring> {
 public:
  explicit RingObject(Ring&& ring) : Handle("ring", std::move(ring)) {}

  /// A transfer from its start to its end. Ctrl-C, or another signal whose handler raises, gives it
  /// up. Raises RuntimeError if another thread is at it.
  template <class Start>
  std::uint64_t transfer(Start&& start);

 private:
  bool busy_ = false;  // with the GIL
};

void define_ring(pybind11::module_& module);

}  // namespace cleave::python
