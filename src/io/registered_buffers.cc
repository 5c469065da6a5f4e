#include "io/registered_buffers.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/refusal.h"

namespace cleave::detail {

RegisteredBuffers::RegisteredBuffers(io_uring& ring, Frames& frames) noexcept
    : ring_(ring), frames_(frames), trim_guard_(frames.slots()) {
  const int made =
      io_uring_register_buffers_sparse(&ring_, static_cast<unsigned>(trim_guard_.extents()));
  has_table_ = made == 0;
  open_ = has_table_;
  if (made < 0 && !is_lacking(-made)) table_error_ = -made;
}

RegisteredBuffers::~RegisteredBuffers() {
  // Closing the ring would do it too, but some time later.
  if (has_table_) (void)io_uring_unregister_buffers(&ring_);
}

bool RegisteredBuffers::add(std::uint64_t extent) noexcept {
  if (!open_ || !trim_guard_.keep(extent)) return false;
  const Slot first = trim_guard_.first(extent);
  const iovec memory{frames_.file().data(first), (trim_guard_.end(extent) - raw(first))
                                                     << kPageBits};
  const int done = io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(extent),
                                                        &memory, nullptr, 1);
  if (done != 1) {
    // RLIMIT_MEMLOCK, nearly always. It will not grow while we look, and each look costs.
    open_ = done == -EAGAIN || done == -EINTR;
    trim_guard_.release(extent);
    return false;
  }
  registered_ = registered_ + memory.iov_len;
  return true;
}

std::optional<RegisteredBuffers::Buffer> RegisteredBuffers::find(const iovec& piece) noexcept {
  const auto offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(piece.iov_base) -
                                                 frames_.file().base());
  const Slot slot{static_cast<std::uint32_t>(offset >> kPageBits)};
  if (slot == kZeroSlot) return std::nullopt;
  const std::uint64_t extent = trim_guard_.extent_of(slot);
  if (!trim_guard_.keeps(slot) && !add(extent)) return std::nullopt;
  const std::uint64_t end = trim_guard_.end(extent) << kPageBits;
  return Buffer{static_cast<int>(extent), std::min<std::uint64_t>(piece.iov_len, end - offset)};
}

}  // namespace cleave::detail
