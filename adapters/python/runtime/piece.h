// A contiguous piece of memory that an object of the library gave, as a buffer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/exports.h"

namespace cleave::python {

namespace py = pybind11;

/// Keeps what the memory belongs to. Python sees it as the `obj` of a memoryview only.
class Piece {
 public:
  /// `owner`: the Python object that counts the buffers over it in `whole`; or none, and nullptr.
  /// `keeps`: what else has to live as long.
  Piece(std::span<std::byte> bytes, bool read_only, py::object owner, Exports* whole,
        std::shared_ptr<void> keeps)
      : exports_(whole),
        owner_(std::move(owner)),
        keeps_(std::move(keeps)),
        bytes_(bytes),
        read_only_(read_only) {}

  int give_buffer(PyObject* self, Py_buffer* view, int flags);

 private:
  Exports exports_;
  py::object owner_;
  std::shared_ptr<void> keeps_;
  std::span<std::byte> bytes_;
  bool read_only_;
};

void define_piece(py::module_& module);

/// A memoryview over a Piece made of the same.
py::object piece_view(std::span<std::byte> bytes, bool read_only, py::object owner, Exports* whole,
                      std::shared_ptr<void> keeps);

}  // namespace cleave::python
