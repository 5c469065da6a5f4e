// Numbers as bytes: little-endian, and read within bounds.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/image/id.h>

namespace cleave::detail::image {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

inline View view_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Writer {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    for (unsigned i = 0; i < sizeof(T); ++i) out_.push_back(static_cast<std::byte>(value >> 8 * i));
  }
  void bytes(View from) { out_.insert(out_.end(), from.begin(), from.end()); }
  void id(const ImageId& id) { bytes(id.bytes); }
  /// Its length, then it.
  template <std::unsigned_integral Length>
  void text(std::string_view text) {
    number(static_cast<Length>(text.size()));
    bytes(view_of(text));
  }
  [[nodiscard]] View written() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

/// What is read beyond the end is zero, and makes good() false for ever.
class Reader {
 public:
  explicit Reader(View from) : left_(from) {}

  template <std::unsigned_integral T>
  T number() {
    const View from = bytes(sizeof(T));
    T value = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(from[i]) << 8 * i));
    }
    return value;
  }
  /// `size` bytes; none if there are fewer.
  View bytes(std::uint64_t size) {
    if (size > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const View taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  ImageId id() {
    ImageId id;
    std::ranges::copy(bytes(id.bytes.size()), id.bytes.begin());
    return id;
  }
  template <std::unsigned_integral Length>
  std::string text() {
    const View from = bytes(number<Length>());
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  /// Reads `wanted`, or is not good.
  void expect(std::string_view wanted) {
    if (!std::ranges::equal(bytes(wanted.size()), view_of(wanted))) good_ = false;
  }
  void require(bool holds) { good_ = good_ && holds; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool ended_well() const { return good_ && left_.empty(); }
  [[nodiscard]] std::size_t left() const { return left_.size(); }

 private:
  View left_;
  bool good_ = true;
};

}  // namespace cleave::detail::image
