// cleave.SwapFile and cleave.CompressedMemory
#pragma once

#include <memory>

#include <pybind11/pybind11.h>

#include <cleave/backing.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

/// A backing that its Python object and the pool share: so that the object can tell what the
/// backing holds, whichever goes first.
class BackingObject : public Handle<std::shared_ptr<Backing>> {
 public:
  explicit BackingObject(std::unique_ptr<Backing> backing)
      : Handle("backing", std::shared_ptr<Backing>(std::move(backing))) {}

  /// For a pool, or another backing: the pages of one alone. Raises ValueError if it was given away
  /// before.
  [[nodiscard]] std::unique_ptr<Backing> give_away();

 private:
  bool given_away_ = false;
};

class SwapFileObject : public BackingObject {
  using BackingObject::BackingObject;
};
class CompressedMemoryObject : public BackingObject {
  using BackingObject::BackingObject;
};

/// What Python passes as a backing: an object of either class, or None, which is null. Raises
/// TypeError.
[[nodiscard]] BackingObject* backing_in(const pybind11::object& object);

void define_backings(pybind11::module_& module);

}  // namespace cleave::python
