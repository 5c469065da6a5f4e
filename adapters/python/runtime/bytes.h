// A `bytes` object that the library fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pybind11/pybind11.h>

#include <cleave/units.h>

#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/gil.h"

namespace cleave::python {

/// Below this, giving the GIL away and taking it back costs more than the copy.
inline constexpr std::uint64_t kWorthReleasing = std::uint64_t{64} << 10;

/// Does `work`, which reads bytes of a space, a snapshot or a hold: without the GIL where there are
/// many to copy, or one may have to come first, from a disk or over a network.
template <class Source, class Work>
auto reading(const Source& source, Address at, std::uint64_t bytes, Work&& work) {
  const bool is_short = bytes < kWorthReleasing && source.is_in_memory(at, ByteCount{bytes});
  return is_short ? work() : without_gil(work);
}

/// New `bytes` of that length, from there.
template <class Source>
py::bytes read_bytes(const Source& source, Address from, std::uint64_t size) {
  // Python says MemoryError or OverflowError.
  if (size > PY_SSIZE_T_MAX) throw std::bad_alloc();
  auto made = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!made) throw py::error_already_set();
  // Nothing else knows it yet.
  auto* const into = reinterpret_cast<std::byte*>(PyBytes_AS_STRING(made.ptr()));
  value_of(reading(source, from, size, [&] { return source.read(from, std::span(into, size)); }));
  return made;
}

}  // namespace cleave::python
