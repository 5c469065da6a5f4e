// A `bytes` object that the library fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/gil.h"

namespace cleave::python {

/// Below this, giving the GIL away and taking it back costs more than the copy.
inline constexpr std::uint64_t kWorthReleasing = std::uint64_t{64} << 10;

/// Does `work`, without the GIL if there are many bytes to copy.
template <class Work>
auto copying(std::uint64_t bytes, Work&& work) {
  return bytes < kWorthReleasing ? work() : without_gil(work);
}

/// New `bytes` of that length; `read` fills a span and gives a Result.
template <class Read>
py::bytes read_bytes(std::uint64_t size, Read&& read) {
  // Python says MemoryError or OverflowError.
  if (size > PY_SSIZE_T_MAX) throw std::bad_alloc();
  auto made = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!made) throw py::error_already_set();
  // Nothing else knows it yet.
  auto* const into = reinterpret_cast<std::byte*>(PyBytes_AS_STRING(made.ptr()));
  value_of(copying(size, [&] { return read(std::span(into, size)); }));
  return made;
}

}  // namespace cleave::python
