// A table with its pool, let go of at the end of a scope.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include <cleave/must.h>
#include <cleave/pool.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "table/diff.h"
#include "table/geometry.h"
#include "table/table.h"

namespace cleave::detail {

/// The last page that a table can have.
constexpr std::uint64_t kLast = raw(kPageLimit) - 1;

class Tree {
 public:
  explicit Tree(const Pool& pool) : frames_(HandleAccess::state(pool)) {}
  ~Tree() { table.drop(frames_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// Owns `page`, with no thread reading. Gives what Table::own gave.
  Result<Table::Owned> own(PageNo page) {
    Retired retired;
    auto owned = table.own(page, frames_, retired);
    retired.drop_all(frames_);
    return owned;
  }
  /// Owns `page` and writes `value` to its first byte.
  Table::Owned write(PageNo page, int value) {
    const auto owned = must(own(page));
    frames_.data(owned.frame)[0] = static_cast<std::byte>(value);
    return owned;
  }
  [[nodiscard]] int read(PageNo page) const {
    return std::to_integer<int>(frames_.data(table.find(page))[0]);
  }
  [[nodiscard]] bool has(PageNo page) const { return table.find(page) != kZeroFrame; }
  [[nodiscard]] bool owns(PageNo page) const {
    return table.find_owned(page, frames_) != kZeroFrame;
  }
  void share(const Tree& other) { table.share(other.table, frames_); }
  Result<void> clear(std::uint64_t first, std::uint64_t end) {
    return table.clear({PageNo{first}, PageNo{end}}, frames_);
  }

  Table table;

 private:
  Frames& frames_;
};

inline std::vector<PageRange> differences(const Tree& a, const Tree& b) {
  std::vector<PageRange> ranges;
  diff(a.table.root(), b.table.root(), [&](PageRange r) { ranges.push_back(r); });
  return ranges;
}

inline PageRange pages(std::uint64_t first, std::uint64_t end) {
  return {PageNo{first}, PageNo{end}};
}

}  // namespace cleave::detail
