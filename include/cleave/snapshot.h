// A snapshot: an immutable space.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/detail/word.h>
#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/region.h>
#include <cleave/units.h>
#include <cleave/view.h>

namespace cleave {

using detail::sync::Word;  ///< what can be one machine word: 1, 2, 4 or 8 bytes, trivially copyable

class Space;
namespace detail {
struct HandleAccess;
struct SnapshotState;
}  // namespace detail

/// What a space held at one moment; kept as long as wanted. Copies mean the same snapshot: cheap,
/// and they cannot fail. Any number of threads may use one snapshot at once. A moved-from snapshot
/// can be destroyed and assigned to; any other use stops the program.
class CLEAVE_API Snapshot {
 public:
  /// Another handle for the same snapshot.
  Snapshot(const Snapshot& other) noexcept;
  /// Takes over what `other` is.
  Snapshot(Snapshot&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  /// Lets go of what this was, and takes over what `other` is.
  Snapshot& operator=(Snapshot other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  /// Cost, of the last copy: by what only this snapshot still held.
  ~Snapshot();

  /// Fills `into` with the bytes from `from` on. Absent pages read as zeroes. Errors: not_mapped,
  /// not_permitted (where: the first byte that cannot be read; those before it have been),
  /// bad_argument (beyond 2^48).
  Result<void> read(Address from, std::span<std::byte> into) const;

  /// As Space::is_in_memory(), without a lock.
  [[nodiscard]] bool is_in_memory(Address at, ByteCount bytes) const noexcept;

  /// One value at `from`, on any alignment. Errors: as read().
  template <Word T>
  Result<T> load(Address from) const {
    T value;
    if (auto done = read(from, std::as_writable_bytes(std::span(&value, 1))); !done) {
      return tl::unexpected(done.error());
    }
    return value;
  }

  /// A page where it lies, without a copy. The view must end before the last copy of the snapshot.
  /// Regions are not asked. Error: bad_argument (beyond 2^48).
  [[nodiscard]] Result<PageView> view(PageNo page) const&;
  Result<PageView> view(PageNo page) && = delete;  // the view would outlive the snapshot

  /// A new space that starts with these contents and regions. O(1). Error: no_memory.
  [[nodiscard]] Result<Space> fork() const;

  /// Visits the regions in order of address.
  void for_each_region(function_ref<void(const Region&)> visit) const;

 private:
  friend struct detail::HandleAccess;
  explicit Snapshot(detail::SnapshotState* state) noexcept : state_(state) {}
  [[nodiscard]] CLEAVE_HIDDEN detail::SnapshotState& state() const noexcept;

  detail::SnapshotState* state_;
};

/// Calls `differs` for each range of pages that differ, in order of address, adjacent ones joined.
/// What both share is skipped: the cost follows what differs, not what is mapped. A page counts as
/// different when the snapshots hold different frames for it: a page that was written with the
/// bytes that it had counts, and so does an absent page against one of zeroes. Error: bad_argument
/// (different pools).
CLEAVE_API Result<void> diff(const Snapshot& a, const Snapshot& b,
                             function_ref<void(PageRange)> differs);

}  // namespace cleave
