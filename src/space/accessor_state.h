// What stands behind an accessor.
#pragma once

#include <cleave/detail/accessor_hit.h>

#include "space/accessor_list.h"
#include "space/space_state.h"

namespace cleave::detail {

/// On the heap: the space knows it by its address.
struct AccessorState : AccessorHit {
  explicit AccessorState(SpaceState& accessed) noexcept CLEAVE_REQUIRES(accessed.lock)
      : AccessorHit(accessed.accessors->stamps), space(accessed), participant(section) {}

  // CLEAVE_UNCHECKED below: a section that found the write stamp even stands in for the lock.

  /// Inside a reading section: a translation for `page`, remembered or from the table; nullptr:
  /// take the lock.
  const std::byte* find_readable(PageNo page);
  const std::byte* walk_for_reading(PageNo page) CLEAVE_UNCHECKED;
  /// Enters a writing section and gives the page's place there; nullptr: not entered, take the
  /// lock.
  std::byte* enter_writable(PageNo page);
  std::byte* walk_for_writing(PageNo page) CLEAVE_UNCHECKED;
  /// Adopts `stamp` for write translations and enters a writing section under it. False: it has
  /// changed.
  bool enter_under(std::uint64_t stamp);

  /// Take the space's lock, and keep it unless the result is an error, which the analysis cannot
  /// follow.
  Result<const std::byte*> lock_readable(Address at, std::size_t bytes) CLEAVE_UNCHECKED;
  Result<std::byte*> lock_writable(Address at, std::size_t bytes) CLEAVE_UNCHECKED;
  void unlock() CLEAVE_UNCHECKED { space.lock.unlock(); }

  SpaceState& space;
  Participant participant;
};

}  // namespace cleave::detail
