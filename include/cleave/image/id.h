// The name of what a repository holds: the SHA-256 of its bytes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <cleave/detail/config.h>

namespace cleave {

/// Names a page, a node or a commit by the SHA-256 of its bytes. Any thread.
struct CLEAVE_API ImageId {
  /// The hash; all zeroes: of nothing.
  std::array<std::byte, 32> bytes{};

  /// Whether it names nothing.
  [[nodiscard]] bool is_none() const { return *this == ImageId{}; }
  /// 64 digits, lower case.
  [[nodiscard]] std::string hex() const;
  /// The id that hex() writes so; nothing where `text` is none.
  static std::optional<ImageId> parse(std::string_view text);

  /// By the bytes.
  // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
  friend auto operator<=>(const ImageId&, const ImageId&) = default;
};

}  // namespace cleave
