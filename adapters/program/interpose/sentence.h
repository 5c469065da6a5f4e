// A sentence for the user, made where nothing may be allocated.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace cleave::program {

/// A text that is put together without allocating.
class Sentence {
 public:
  Sentence& operator<<(std::string_view part) {
    const std::size_t fits = std::min(part.size(), text_.size() - size_);
    std::memcpy(text_.data() + size_, part.data(), fits);
    size_ += fits;
    return *this;
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 512> text_{};
  std::size_t size_ = 0;
};

}  // namespace cleave::program
