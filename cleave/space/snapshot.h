// A snapshot: an immutable space.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/frames/pool.h"
#include "cleave/space/regions.h"
#include "cleave/sync/word.h"
#include "cleave/table/table.h"

namespace cleave {

class Space;

/// What a space held at one moment. Two words and two references; kept as long as wanted. Copying is
/// cheap and cannot fail. Any number of threads may use one snapshot at once.
class Snapshot {
 public:
  Snapshot(const Snapshot& other) noexcept;
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot other) noexcept;
  /// Cost: by what only this snapshot still held.
  ~Snapshot();

  /// Fills `into` with the bytes from `from` on. Absent pages read as zeroes. Errors: not_mapped,
  /// not_permitted (where: the first byte that cannot be read; those before it have been),
  /// bad_argument (beyond 2^48).
  Result<void> read(Address from, std::span<std::byte> into) const;

  /// One value at `from`, on any alignment. Errors: as read().
  template <sync::Word T>
  Result<T> load(Address from) const {
    T value;
    if (auto done = read(from, std::as_writable_bytes(std::span(&value, 1))); !done) {
      return tl::unexpected(done.error());
    }
    return value;
  }

  /// The bytes of a page, in the pool's window; they stay as they are while the snapshot lives. nullptr: the
  /// page is absent, and reads as zeroes. Regions are not asked.
  [[nodiscard]] const std::byte* page(PageNo page) const noexcept;

  /// A new space that starts with these contents and regions. O(1). Error: no_memory.
  [[nodiscard]] Result<Space> fork() const;

  void for_each_region(const std::function<void(const Region&)>& visit) const {
    regions_.for_each(visit);
  }

 private:
  friend class Space;
  friend Result<void> diff(const Snapshot& a, const Snapshot& b,
                           const std::function<void(PageRange)>& differs);
  /// Without contents yet.
  Snapshot(Frames& frames, const Regions& regions) noexcept : frames_(&frames), regions_(regions) {}

  Frames* frames_;
  Table table_;
  Regions regions_;
};

/// Calls `differs` for each range of pages that differ, in order of address, adjacent ones joined. What
/// both share is skipped: the cost follows what differs, not what is mapped. A page counts as different
/// when the snapshots hold different frames for it: a page that was written with the bytes that it had
/// counts, and so does an absent page against one of zeroes. Error: bad_argument (different pools).
Result<void> diff(const Snapshot& a, const Snapshot& b,
                  const std::function<void(PageRange)>& differs);

}  // namespace cleave
