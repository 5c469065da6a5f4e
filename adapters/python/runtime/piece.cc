#include "adapters/python/runtime/piece.h"

#include "adapters/python/runtime/kind.h"

namespace cleave::python {

int Piece::give_buffer(PyObject* self, Py_buffer* view, int flags) {
  return exports_.give(self, view, flags, bytes_, read_only_);
}

void define_piece(py::module_& module) {
  define<Piece>(module, "_Piece", "What a memoryview of a pin, a hold or a snapshot keeps.");
}

py::object piece_view(std::span<std::byte> bytes, bool read_only, py::object owner, Exports* whole,
                      std::shared_ptr<void> keeps) {
  const py::object piece = py::cast(
      std::make_unique<Piece>(bytes, read_only, std::move(owner), whole, std::move(keeps)));
  return py::memoryview(piece);
}

}  // namespace cleave::python
