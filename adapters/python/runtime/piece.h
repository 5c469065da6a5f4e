// A contiguous piece of memory that an object of the library lends, as a buffer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/lent.h"

namespace cleave::python {

namespace py = pybind11;

/// Keeps what the memory belongs to. Python sees it as the `obj` of a memoryview, and as the `base`
/// of a NumPy array.
class Piece {
 public:
  /// `owner`: the Python object that counts what it lends in `lending`; or none, and nullptr.
  /// `keeps`: what else has to live as long.
  Piece(std::span<std::byte> bytes, bool read_only, py::object owner, Lending* lending,
        std::shared_ptr<void> keeps)
      : owner_(std::move(owner)),
        keeps_(std::move(keeps)),
        lent_(bytes, lending),
        read_only_(read_only) {}

  int give_buffer(PyObject* self, Py_buffer* view, int flags);

 private:
  py::object owner_;
  std::shared_ptr<void> keeps_;
  Lent lent_;
  unsigned born_ = generation();
  bool read_only_;
};

void define_piece(py::module_& module);

/// A Piece made of these.
py::object make_piece(std::span<std::byte> bytes, bool read_only, py::object owner,
                      Lending* lending, std::shared_ptr<void> keeps);

}  // namespace cleave::python
