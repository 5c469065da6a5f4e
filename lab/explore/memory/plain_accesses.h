// Accesses that are not atomic, and which of them race: two of one place, one a write, neither
// before the other. Nothing else hangs on them: who reads what is ordered has one thing to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "lab/explore/memory/view.h"

namespace lab::explore {

/// One, and where its thread stood: it comes just before the thread's event number `place`.
struct PlainAccess {
  int thread;
  std::uint32_t place;
  bool writes;
  const char* label;
};

class PlainAccesses {
 public:
  void clear() { places_.clear(); }
  /// One more, of what is at that address, by one who has that view. Gives an earlier one that it
  /// races with; nullptr: none.
  const PlainAccess* access(std::uintptr_t at, const PlainAccess& now, const View& view);
  /// What is there is used by what is atomic: that races with what is not. The same result.
  [[nodiscard]] const PlainAccess* look(std::uintptr_t at, const PlainAccess& now,
                                        const View& view) const;
  /// All that was ever accessed within so many bytes goes: as if it was written. The same result.
  const PlainAccess* end(std::uintptr_t at, std::size_t bytes, const PlainAccess& now,
                         const View& view);

 private:
  // Of each place the latest write, and what was read since: what came before is known to whoever
  // knows those.
  std::map<std::uintptr_t, std::vector<PlainAccess>> places_;
};

}  // namespace lab::explore
