// References that a table has given up but not yet dropped.
#pragma once

#include <array>
#include <cstddef>

#include "base/check.h"
#include "table/geometry.h"
#include "table/node.h"

namespace cleave::detail {

/// What a write replaced: at most one node a level and one frame, which counts twice. A thread
/// without a lock may still be reading through the old node or frame, so the counts must not fall
/// before it is done: if they fell, the other holder could find itself the owner and write under
/// the reader's eyes.
template <std::size_t most>
class RetiredUpTo {
 public:
  void add(Entry entry) {
    CLEAVE_CHECK(count_ < most, "more replaced references than one write can replace");
    entries_[count_++] = entry;
  }
  [[nodiscard]] bool has_room(std::size_t more) const { return count_ + more <= most; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.begin() + static_cast<std::ptrdiff_t>(count_); }

  /// The caller has handed the references over.
  void forget_all() { count_ = 0; }

  /// Call when no reader can be left.
  void drop_all(Frames& frames) {
    for (std::size_t i = 0; i < count_; ++i) drop(entries_[i], frames);
    count_ = 0;
  }

 private:
  std::array<Entry, most> entries_;
  std::size_t count_ = 0;
};

inline constexpr std::size_t kMostRetiredByOneWrite = kMostLevels + 2;
using Retired = RetiredUpTo<kMostRetiredByOneWrite>;

}  // namespace cleave::detail
