#include "adapters/python/runtime/piece.h"

#include "adapters/python/runtime/kind.h"

namespace cleave::python {

int Piece::give_buffer(PyObject* self, Py_buffer* view, int flags) {
  expect_same_process(born_, "buffer");
  const auto bytes = lent_.bytes();
  return PyBuffer_FillInfo(view, self, bytes.data(), static_cast<Py_ssize_t>(bytes.size()),
                           read_only_ ? 1 : 0, flags);
}

void define_piece(py::module_& module) {
  define<Piece>(module, "_Piece", "What memoryviews and NumPy arrays keep of what they show.");
}

py::object make_piece(std::span<std::byte> bytes, bool read_only, py::object owner,
                      Lending* lending, std::shared_ptr<void> keeps) {
  return py::cast(
      std::make_unique<Piece>(bytes, read_only, std::move(owner), lending, std::move(keeps)));
}

}  // namespace cleave::python
