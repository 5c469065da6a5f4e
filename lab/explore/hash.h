// Hashes of what runs and states consist of.
#pragma once

#include <cstdint>
#include <string_view>

namespace lab {

/// Numbers fed one by one; equal sequences give equal hashes in every process.
class Hash64 {
 public:
  constexpr explicit Hash64(std::uint64_t seed = 0x9E3779B97F4A7C15) : state_(seed) {}
  constexpr Hash64& feed(std::uint64_t number) {
    // The finisher of SplitMix64 over the running sum.
    std::uint64_t z = state_ + number + 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    state_ = z ^ (z >> 31);
    return *this;
  }
  constexpr Hash64& feed(std::string_view text) {
    for (const char c : text) feed(static_cast<unsigned char>(c));
    return feed(text.size());
  }
  [[nodiscard]] constexpr std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace lab
