// An arena to compare with a TouchedSpace and a TouchedHeap: the same pages written, and committed.
#pragma once

#include <cstdint>
#include <vector>

#include <cleave/arena.h>

#include "bench/space/touched.h"

namespace cleave::bench {

struct TouchedArena {
  /// `spare`: what later commits may take of the pool. Its memory is still to come; see
  /// Pool::reserve().
  TouchedArena(const Extent& wanted, ArenaOptions options, ByteCount spare);

  [[nodiscard]] std::byte* touched_page(std::uint64_t n) const {
    return arena.data() + extent.offset(n).value;
  }
  /// As a program writes: announced if nothing else would tell.
  void write(std::uint64_t n, std::uint64_t value) {
    if (is_announced) arena.mark_dirty(touched_page(n), sizeof value);
    *reinterpret_cast<volatile std::uint64_t*>(touched_page(n)) = value;
  }

  Extent extent;
  Pool pool;
  Arena arena;
  bool is_announced;
};

/// Sets of pages drawn at random, used over and over; every side of a comparison draws the same.
class PageSets {
 public:
  struct Set {
    std::vector<std::uint32_t> order;   // as they are written
    std::vector<std::uint32_t> sorted;  // for those who are told what was written
  };
  PageSets(std::uint64_t pages, std::uint64_t of);
  const Set& next() { return sets_[next_++ % sets_.size()]; }

 private:
  std::vector<Set> sets_;
  std::size_t next_ = 0;
};

/// Calls `visit` for each run of neighbours in a sorted list.
template <class Visit>
void for_each_run(const std::vector<std::uint32_t>& sorted, Visit visit) {
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
    visit(sorted[i], end - i);
    i = end;
  }
}

}  // namespace cleave::bench
