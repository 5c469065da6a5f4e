// How a pin of many pages comes about: page by page, owned pages in one stride, and all given back
// if one cannot be had.
#pragma once

#include <cstdint>

#include <cleave/error.h>
#include <cleave/pin.h>

#include "table/table.h"

namespace cleave::detail {

struct SpaceState;

/// bad_argument for an empty range or one beyond 2^48.
Result<void> check_pin_range(Address at, ByteCount bytes);

class PinBuilder {
 public:
  PinBuilder(Frames& frames, Address at, ByteCount bytes, PinAccess access, PinTerm term);

  [[nodiscard]] bool done() const { return at_ == end_; }
  /// The pages still to be pinned.
  [[nodiscard]] PageRange rest() const { return {page_of(at_), page_of(end_ + (kPageSize - 1))}; }

  /// Room for the next stride. Outside of any section: it may allocate. False: no memory.
  [[nodiscard]] bool make_room() noexcept;
  /// Pins the next pages, up to `end`, as far as they are owned already and there is room for them.
  /// In a writing section or under the lock, after make_room().
  Table::Stop pin_owned(Table& table, PageNo end) noexcept;
  /// Takes the lock, makes the next page the space's own, and pins it.
  Result<void> pin_locked(SpaceState& space);
  /// Pins all the rest so. Error: what is pinned is given back when the builder goes.
  Result<Pin> finish_locked(SpaceState& space);

  /// The pin, complete; no error. Precondition: done().
  Result<Pin> take();

 private:
  /// Pages that are pinned in one section at most: a fork may have to wait for all of them.
  static constexpr std::uint64_t kStride = std::uint64_t{4} * kFanout;

  Pin pin_;
  const PinTerm term_;
  Address at_;
  const Address end_;
  const PageRange all_;
};

}  // namespace cleave::detail
