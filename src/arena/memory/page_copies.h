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
/// first is made. Copies are made when the batch is full, and at its end.
class PageCopies {
 public:
  PageCopies() = default;
  PageCopies(const PageCopies&) = delete;
  PageCopies& operator=(const PageCopies&) = delete;
  ~PageCopies() { make(); }

  void add(std::byte* to, const std::byte* from) noexcept {
    sync::prefetch_for_write(to);
    sync::prefetch_for_read(from);
    ahead_[count_++] = {to, from};
    if (count_ == ahead_.size()) make();
  }

 private:
  struct Copy {
    std::byte* to;
    const std::byte* from;
  };

  void make() noexcept {
    for (std::size_t i = 0; i < count_; ++i) std::memcpy(ahead_[i].to, ahead_[i].from, kPageSize);
    count_ = 0;
  }

  std::array<Copy, 16> ahead_;
  std::size_t count_ = 0;
};

}  // namespace cleave::detail
