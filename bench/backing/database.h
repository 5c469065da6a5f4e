// Pages of a real database.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cleave::bench {

/// A database of what lies in /usr: a path, its folder, its size, with an index.
class Database {
 public:
  /// At most so many bytes.
  explicit Database(std::size_t most_bytes);
  /// Whole pages.
  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace cleave::bench
