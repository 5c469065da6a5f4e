// A hold: a stable look at pages as they are.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/units.h>
#include <cleave/view.h>

namespace cleave {

namespace detail {
struct HandleAccess;
struct HoldState;
}  // namespace detail

/// A counted reference to the pages of a range: whoever writes to one of them later copies away
/// from it, so what the hold shows never changes. Right for output: write these pages to disk while
/// others write on. (A pin is the opposite: whoever writes, writes where the device looks.) Pages
/// that were pinned when the hold was taken are copied for it, since what is pinned cannot be
/// shared.
///
/// Movable. Any number of threads may read one hold; it may outlive its space. A moved-from hold
/// can be destroyed and assigned to; any other use stops the program.
class [[nodiscard]] CLEAVE_API Hold {
 public:
  /// Takes over what `other` is.
  Hold(Hold&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  /// Lets go of what this was, and takes over what `other` is.
  Hold& operator=(Hold&& other) noexcept;
  /// Cost: by what only this hold still held.
  ~Hold();

  /// The first byte held.
  [[nodiscard]] Address address() const noexcept;
  /// Bytes held.
  [[nodiscard]] ByteCount size() const noexcept;

  /// The held bytes where they lie, without a copy. A device may read them while the view lives,
  /// and not longer: of a pool with a backing, the pages may go afterwards. Errors: no_memory (to
  /// list the pieces; or, with a backing, for the pages themselves), io (a page is away and cannot
  /// be had). Cost: by the pages.
  [[nodiscard]] Result<HoldView> view() const&;
  Result<HoldView> view() && = delete;  // the view would outlive the hold
  /// The same for a part. Errors: bad_argument (not inside what is held), no_memory. Cost: by the
  /// pages of the part.
  [[nodiscard]] Result<HoldView> view(Address from, ByteCount bytes) const&;
  Result<HoldView> view(Address from, ByteCount bytes) && = delete;

  /// Fills `into` with the held bytes from `from` on. Errors: bad_argument (not inside what is
  /// held; nothing was read); with a backing also no_memory and io (a page is away and cannot be
  /// had; where: its first byte; `into` is filled up to it).
  Result<void> read(Address from, std::span<std::byte> into) const;
  /// As Snapshot::is_in_memory(); what is not held counts as absent.
  [[nodiscard]] bool is_in_memory(Address at, ByteCount bytes) const noexcept;

 private:
  friend struct detail::HandleAccess;
  explicit Hold(detail::HoldState* state) noexcept : state_(state) {}
  [[nodiscard]] CLEAVE_HIDDEN detail::HoldState& state() const noexcept;

  detail::HoldState* state_;
};

}  // namespace cleave
