// Copies of pages that lie anywhere, a few at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace cleave::detail {

/// A page that was not touched for a while costs more to find (two walks of the kernel's page
/// tables, with cold caches) than to copy. So both ends of the next copies are asked for before the
/// first is made. Copies are made when the batch is full, and at its end; until then what is copied
/// stays where it is.
class PageCopies {
 public:
  PageCopies() = default;
  PageCopies(const PageCopies&) = delete;
  PageCopies& operator=(const PageCopies&) = delete;
  ~PageCopies() { make(); }

  void add(std::byte* to, const std::byte* from) noexcept {
    sync::prefetch_for_write(to);
    sync::prefetch_for_read(from);
    to_[count_] = to;
    from_[count_++] = from;
    if (count_ == to_.size()) make();
  }

 private:
  void make() noexcept {
    for (std::size_t i = 0; i < count_; ++i) std::memcpy(to_[i], from_[i], kPageSize);
    count_ = 0;
  }

  static constexpr std::size_t kAhead = 16;
  std::array<std::byte*, kAhead> to_;
  std::array<const std::byte*, kAhead> from_;
  std::size_t count_ = 0;
};

}  // namespace cleave::detail
