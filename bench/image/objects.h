// What a store is given: objects as large as packs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace cleave::bench {

inline constexpr std::size_t kObject = std::size_t{8} << 20;

using Bytes = std::vector<std::byte>;

/// Of one, the same at each call: no store makes it smaller.
inline Bytes random_object() {
  Bytes bytes(kObject);
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  return bytes;
}

}  // namespace cleave::bench
