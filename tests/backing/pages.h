// Pages to put and to get back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include <cleave/backing.h>
#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace cleave::detail {

using Place = Backing::Place;

/// Some pages of memory, each on its boundary.
class Pages {
 public:
  explicit Pages(std::size_t count) : memory_(count) {
    for (Page& page : memory_) list_.push_back(page.bytes);
  }

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] std::byte* operator[](std::size_t i) const { return list_[i]; }
  /// For get().
  [[nodiscard]] std::span<std::byte* const> all() const { return list_; }
  /// For put().
  [[nodiscard]] std::vector<const std::byte*> read() const { return {list_.begin(), list_.end()}; }

  /// Bytes that no other seed gives, and that do not compress.
  void fill_randomly(std::size_t i, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::size_t at = 0; at < kPageSize; at += 8) {
      const std::uint64_t word = random();
      std::memcpy(list_[i] + at, &word, 8);
    }
  }
  /// Bytes that no other seed gives, a third of them random.
  void fill_loosely(std::size_t i, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::size_t at = 0; at < kPageSize; at += 8) {
      const std::uint64_t word = at % 24 == 0 ? random() : at / 24 + seed;
      std::memcpy(list_[i] + at, &word, 8);
    }
  }
  [[nodiscard]] bool same(std::size_t i, const Pages& other, std::size_t j) const {
    return std::memcmp(list_[i], other[j], kPageSize) == 0;
  }

 private:
  struct alignas(kPageSize) Page {
    std::byte bytes[kPageSize] = {};
  };
  std::vector<Page> memory_;
  std::vector<std::byte*> list_;
};

}  // namespace cleave::detail
