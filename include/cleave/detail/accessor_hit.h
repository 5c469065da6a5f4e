// What an access to memory looks at when its translation is remembered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/explored.h>
#include <cleave/detail/section.h>
#include <cleave/detail/stamps.h>

namespace cleave::detail {

struct Translation {
  std::uint64_t page = ~std::uint64_t{0};  // the number of a PageNo
  std::uint64_t stamp = 0;
  std::byte* base = nullptr;
};

/// The part of an accessor that is inline in its user's code. Used by the accessor's thread, but
/// for what `section` shows to others.
struct AccessorHit {
  static constexpr std::size_t kTranslations = sync::kExplored ? 2 : 128;
  using Translations = std::array<Translation, kTranslations>;

  explicit AccessorHit(Stamps& of_space) noexcept : stamps(of_space) {}

  /// Inside a reading section: where `page` may be read, if that is remembered and holds; else
  /// nullptr.
  [[nodiscard]] const std::byte* readable(std::uint64_t page) const noexcept {
    const Translation& t = reads[page % kTranslations];
    if (t.page == page && t.stamp == stamps.read_for(page).load(sync::acquire)) [[likely]]
      return t.base;
    return nullptr;
  }
  /// Inside a writing section: where `page` may be written, if that is remembered and holds; else
  /// nullptr.
  [[nodiscard]] std::byte* writable(std::uint64_t page) const noexcept {
    const Translation& t = writes[page % kTranslations];
    // seq_cst: the stamp must be read after the store that entered; see section.h.
    if (t.page == page && t.stamp == stamps.write.load(sync::seq_cst)) [[likely]]
      return t.base;
    return nullptr;
  }

  sync::Section section;
  Stamps& stamps;
  std::uint64_t write_stamp = ~std::uint64_t{0};  // of the youngest write translation
  Translations reads;
  Translations writes;
};

}  // namespace cleave::detail
