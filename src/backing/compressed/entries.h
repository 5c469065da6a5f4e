// Where each page of compressed memory is.
#pragma once

#include <cstdint>
#include <span>

#include <cleave/units.h>

namespace cleave::detail::backing {

/// A page's entry has a number for as long as the page is there, wherever it is. One thread at a
/// time.
class Entries {
 public:
  enum class Kind : std::uint8_t {
    unused,
    taken,   ///< not yet said to anyone
    filled,  ///< with one word, which is the value
    chunk,   ///< compressed: the value is a ChunkId
    below,   ///< with the next backing: the value is a Place
  };
  struct Entry {
    std::uint64_t value;
    std::uint32_t older;  // among those of chunks; of an unused one: the next unused
    std::uint32_t newer;
    Kind kind;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// `entries` are zeroes, not touched yet.
  void begin(std::span<Entry> entries) noexcept { entries_ = entries; }

  /// kNone: all are taken.
  std::uint32_t take() noexcept;
  void give(std::uint32_t number) noexcept;
  /// What it is from now on. A chunk is the newest then.
  void set(std::uint32_t number, Kind kind, std::uint64_t value) noexcept;
  /// The chunk is elsewhere.
  void move(std::uint32_t number, std::uint64_t value) noexcept { entries_[number].value = value; }
  [[nodiscard]] Entry at(std::uint32_t number) const noexcept {
    return number < fresh_ ? entries_[number] : Entry{};
  }
  /// The numbers of the oldest chunks, the oldest first; as many as there are, and fit.
  std::span<std::uint32_t> oldest(std::span<std::uint32_t> into) const noexcept;

  [[nodiscard]] std::uint64_t most() const noexcept { return entries_.size(); }
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  /// Those of filled pages and chunks.
  [[nodiscard]] std::uint64_t compressed() const noexcept { return compressed_; }
  /// Memory that the entries take; with one more, what they would.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_of(fresh_); }
  [[nodiscard]] std::uint64_t bytes_with_one_more() const noexcept {
    return bytes_of(unused_ == kNone ? fresh_ + std::uint64_t{1} : fresh_);
  }

 private:
  static constexpr std::uint64_t bytes_of(std::uint64_t entries) {
    return (entries * sizeof(Entry) + kPageSize - 1) / kPageSize * kPageSize;
  }
  void leave(std::uint32_t number) noexcept;

  std::span<Entry> entries_;
  std::uint32_t fresh_ = 0;  // entries from this one on were never used
  std::uint32_t unused_ = kNone;
  std::uint32_t oldest_ = kNone;
  std::uint32_t newest_ = kNone;
  std::uint64_t used_ = 0;
  std::uint64_t compressed_ = 0;
};

}  // namespace cleave::detail::backing
