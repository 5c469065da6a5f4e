// What Python passes: numbers of bytes, and objects with bytes in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pybind11/pybind11.h>

namespace cleave::python {

namespace py = pybind11;

/// A number of bytes, an offset or an address: a whole number, as Python counts (NumPy's integers
/// are such numbers, too). A negative one is a ValueError.
struct Whole {
  std::uint64_t value = 0;
};

/// The bytes of an object that has a contiguous buffer, kept in place while it lives. With the GIL.
class Contents {
 public:
  enum class For : int { reading = PyBUF_SIMPLE, writing = PyBUF_WRITABLE };

  /// Raises TypeError or BufferError if the object has no such buffer.
  Contents(const py::object& object, For use) {
    if (PyObject_GetBuffer(object.ptr(), &view_, static_cast<int>(use)) != 0) {
      throw py::error_already_set();
    }
  }
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  ~Contents() { PyBuffer_Release(&view_); }

  [[nodiscard]] std::span<std::byte> bytes() const noexcept {
    return {static_cast<std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_;
};

}  // namespace cleave::python

namespace pybind11::detail {

template <>
struct type_caster<cleave::python::Whole> {
  PYBIND11_TYPE_CASTER(cleave::python::Whole, const_name("int"));

  bool load(handle from, bool) {
    if (!PyIndex_Check(from.ptr())) return false;
    const auto number = reinterpret_steal<object>(PyNumber_Index(from.ptr()));
    if (!number) throw error_already_set();
    int beyond = 0;
    const long long small = PyLong_AsLongLongAndOverflow(number.ptr(), &beyond);
    if (beyond < 0 || (beyond == 0 && small < 0)) {
      throw value_error("sizes, offsets and addresses are not negative");
    }
    value.value = PyLong_AsUnsignedLongLong(number.ptr());
    if (PyErr_Occurred() != nullptr) throw error_already_set();
    return true;
  }
};

}  // namespace pybind11::detail
