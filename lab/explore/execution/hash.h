// Hashes of what runs and states consist of.
#pragma once

#include <cstdint>
#include <string_view>

namespace lab::explore {

/// The finisher of SplitMix64.
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// Numbers fed one by one; equal sequences give equal hashes in every process.
class Hash64 {
 public:
  constexpr explicit Hash64(std::uint64_t seed = 0) : state_(seed) {}
  constexpr Hash64& feed(std::uint64_t number) {
    state_ = mixed(state_ + number + 0x9E3779B97F4A7C15);
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

/// The same with 128 bits.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  constexpr Hash128& feed(std::uint64_t number) {
    low = mixed(low + number + 0x9E3779B97F4A7C15);
    high = mixed(high + (number << 32 | number >> 32) + 0xD1B54A32D192ED03);
    return *this;
  }
  constexpr bool operator==(const Hash128&) const = default;
};

}  // namespace lab::explore
