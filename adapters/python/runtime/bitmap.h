// Pages as a bitmap of the kernel's names them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/errors.h"

namespace cleave::python {

/// Whole words of 64 bits. A copy: the object's buffer may begin at any byte.
class Bitmap {
 public:
  /// Raises TypeError if the object has no buffer, BadArgumentError if that is not whole words.
  explicit Bitmap(const py::object& from) {
    const Contents contents(from, Contents::For::reading);
    const auto bytes = contents.bytes();
    if (bytes.size() % sizeof(std::uint64_t) != 0) {
      raise_with("bad_argument", "a bitmap is whole words of 64 bits");
    }
    words_.resize(bytes.size() / sizeof(std::uint64_t));
    if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
  }

  [[nodiscard]] std::span<const std::uint64_t> words() const noexcept { return words_; }

  /// Behind the last bit that is set; 0: none is.
  [[nodiscard]] std::uint64_t end() const noexcept {
    for (std::size_t i = words_.size(); i-- > 0;) {
      if (words_[i] != 0) return 64 * i + static_cast<std::uint64_t>(std::bit_width(words_[i]));
    }
    return 0;
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace cleave::python
