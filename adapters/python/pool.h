// cleave.Pool
#pragma once

#include <pybind11/pybind11.h>

#include <cleave/pool.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class PoolObject : public Handle<Pool> {
 public:
  explicit PoolObject(Pool&& pool) : Handle("pool", std::move(pool)) {}
};

void define_pool(pybind11::module_& module);

}  // namespace cleave::python
