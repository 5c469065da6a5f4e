#include "cleave/space/hold.h"

#include <algorithm>

#include "cleave/base/check.h"
#include "cleave/space/pages.h"
#include "cleave/sync/word.h"

namespace cleave {

Hold::Hold(Hold&& other) noexcept : frames_(other.frames_), at_(other.at_), bytes_(other.bytes_) {
  table_.swap(other.table_);
}

Hold& Hold::operator=(Hold&& other) noexcept {
  table_.swap(other.table_);
  std::swap(frames_, other.frames_);
  std::swap(at_, other.at_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Hold::for_each_piece(Address from, ByteCount bytes,
                          const std::function<void(std::span<const std::byte>)>& visit) const {
  CLEAVE_CHECK(from >= at_ && from + bytes <= at_ + bytes_,
               "pieces were asked for that are not held");
  const std::byte* start = nullptr;
  std::size_t size = 0;
  const Address end = from + bytes;
  for (Address at = from; at < end;) {
    const std::uint64_t offset = offset_in_page(at);
    const std::uint64_t here = std::min(kPageSize - offset, (end - at).value);
    const std::byte* data = frames_->data(table_.find(page_of(at))) + offset;
    if (start == nullptr || start + size != data) {
      if (size != 0) visit({start, size});
      start = data;
      size = 0;
    }
    size += here;
    at = at + here;
  }
  if (size != 0) visit({start, size});
}

Result<void> Hold::read(Address from, std::span<std::byte> into) const {
  if (from < at_ || (from - at_).value > bytes_.value ||
      into.size() > bytes_.value - (from - at_).value) {
    return fail(Errc::bad_argument, "the range is not inside what is held", from);
  }
  return for_each_page(
      from, into, [this](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
        sync::read_bytes(part.data(), frames_->data(table_.find(page)) + offset, part.size());
        return {};
      });
}

}  // namespace cleave
