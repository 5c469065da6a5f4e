// Ranges of bytes, collected without the GIL and given to Python as a list of `range`.
#pragma once

#include <cstdint>
#include <new>
#include <vector>

#include <pybind11/pybind11.h>

namespace cleave::python {

class Ranges {
 public:
  /// Without the GIL. Throws nothing, since the library calls it: list() raises MemoryError later.
  void add(std::uint64_t start, std::uint64_t bytes) noexcept {
    try {
      ranges_.push_back({start, start + bytes});
    } catch (const std::bad_alloc&) {
      short_of_memory_ = true;
    }
  }

  [[nodiscard]] pybind11::list list() const {
    if (short_of_memory_) throw std::bad_alloc();
    const auto range =
        pybind11::reinterpret_borrow<pybind11::object>(reinterpret_cast<PyObject*>(&PyRange_Type));
    pybind11::list made;
    for (const Range& each : ranges_) made.append(range(each.start, each.stop));
    return made;
  }

 private:
  struct Range {
    std::uint64_t start, stop;
  };
  std::vector<Range> ranges_;
  bool short_of_memory_ = false;
};

}  // namespace cleave::python
