// Bytes to write and to compare with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <cleave/units.h>

namespace cleave::detail {

using Bytes = std::vector<std::byte>;

inline Bytes filled(std::size_t size, unsigned value) {
  return Bytes(size, static_cast<std::byte>(value));
}

/// A page that says which page it is: no two seeds give the same bytes, and no two offsets look
/// alike.
inline Bytes patterned(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t x = seed * 0x9e37'79b9'7f4a'7c15u + 1;
  for (auto& b : bytes) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    b = static_cast<std::byte>(x >> 24);
  }
  return bytes;
}

/// What `source` (a space, a snapshot or an accessor) holds at `from`.
template <class Source>
Bytes bytes_in(Source&& source, Address from, std::size_t size) {
  Bytes bytes(size, std::byte{0xee});
  auto done = source.read(from, bytes);
  return done ? bytes : Bytes{};
}

}  // namespace cleave::detail
