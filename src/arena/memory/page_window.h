// The next pages of a set, wherever they lie.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arena/memory/page_set.h"

namespace cleave::detail {

/// Takes pages until it has as many as it was made for.
class PageWindow {
 public:
  static constexpr std::uint64_t kMost = 64;
  /// `pages`: up to kMost.
  explicit PageWindow(std::uint64_t pages) noexcept : room_(pages), size_(pages) {}

  /// Takes as many of the run as there is room for; gives the rest.
  PageRun add(PageRun run) noexcept {
    const std::uint64_t taken = std::min(run.pages(), room_);
    if (taken == 0) return run;
    runs_[count_++] = {run.first, run.first + taken};
    room_ -= taken;
    return {run.first + taken, run.end};
  }
  [[nodiscard]] bool is_full() const noexcept { return room_ == 0; }
  [[nodiscard]] std::span<const PageRun> runs() const noexcept {
    return std::span(runs_).first(count_);
  }
  void clear() noexcept {
    count_ = 0;
    room_ = size_;
  }

 private:
  std::array<PageRun, kMost> runs_;  // a page each, at worst
  std::size_t count_ = 0;
  std::uint64_t room_;
  std::uint64_t size_;
};

}  // namespace cleave::detail
