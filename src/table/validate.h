// What must be true of the tables of a pool between operations, looked at all at once. For tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "frames/frames.h"
#include "sync/allocator.h"
#include "table/table.h"

namespace cleave::detail {

/// Counts everything anew, and compares. No other thread may use the pool meanwhile. Throws
/// std::bad_alloc.
class Recount {
 public:
  explicit Recount(Frames& frames) noexcept : frames_(frames), last_(raw(frames.last())) {}

  /// Notes what a table names, and looks at its shape: node levels that fall by one, frames at the
  /// bottom and nowhere else, never the zero frame, and hints all the way above a pinned frame.
  void add(const Table& table);
  /// Notes a reference that is held outside of all tables, as a retired one.
  void add(Entry held);

  /// Once all that stands in the pool was added: each node and frame has as many references as were
  /// found, no frame has one that was not, and the pool's statistics add up.
  void compare();

  /// Notes that `holds` ought to be true; `what` says so if it is not: static text.
  void expect(bool holds, const char* what) noexcept {
    if (!holds && wrong_ == nullptr) wrong_ = what;
  }
  /// The first thing that is wrong; nullptr: nothing.
  [[nodiscard]] const char* wrong() const noexcept { return wrong_; }

 private:
  struct Found {
    std::uint64_t references = 0;
    bool pinned = false;  // it, or something below
  };
  using Counted = std::pair<const std::uint64_t, Found>;
  using Sharers = std::pair<const FrameId, std::uint64_t>;

  /// Whether anything there is pinned.
  bool visit(Entry entry);
  bool visit_below(const Node& node);
  [[nodiscard]] std::uint64_t references_of_entries(FrameId frame);
  void note_merged(const Away& away, FrameId frame);
  void compare_merged(const Away& away);

  Frames& frames_;
  const std::uint64_t last_;
  std::map<std::uint64_t, Found, std::less<>, sync::Allocator<Counted>> found_;   // by entry
  std::map<FrameId, std::uint64_t, std::less<>, sync::Allocator<Sharers>> with_;  // by the kept one
  std::uint64_t nodes_ = 0;
  std::uint64_t merged_ = 0;
  std::uint64_t sharers_ = 0;
  const char* wrong_ = nullptr;
};

}  // namespace cleave::detail
