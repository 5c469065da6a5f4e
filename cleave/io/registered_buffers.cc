#include "cleave/io/registered_buffers.h"

#include <liburing.h>

#include <algorithm>
#include <cstddef>

namespace cleave {

RegisteredBuffers::RegisteredBuffers(io_uring& ring, Frames& frames) noexcept
    : ring_(ring), frames_(frames), keeper_(frames) {
  has_table_ =
      io_uring_register_buffers_sparse(&ring_, static_cast<unsigned>(keeper_.stretches())) == 0;
  open_ = has_table_;
}

RegisteredBuffers::~RegisteredBuffers() {
  // Closing the ring would do it too, but some time later.
  if (has_table_) (void)io_uring_unregister_buffers(&ring_);
}

bool RegisteredBuffers::add(std::uint64_t stretch) noexcept {
  if (!open_ || !keeper_.keep(stretch)) return false;
  const FrameId first = keeper_.first(stretch);
  const iovec memory{frames_.data(first), (keeper_.end(stretch) - raw(first)) << kPageBits};
  if (io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(stretch), &memory, nullptr,
                                           1) != 1) {
    // RLIMIT_MEMLOCK, nearly always. It will not grow while we look, and each look costs.
    open_ = false;
    keeper_.let_go(stretch);
    return false;
  }
  registered_ = registered_ + memory.iov_len;
  return true;
}

std::optional<RegisteredBuffers::Buffer> RegisteredBuffers::find(const iovec& piece) noexcept {
  const auto offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(piece.iov_base) -
                                                 frames_.window().base());
  const FrameId frame{static_cast<std::uint32_t>(offset >> kPageBits)};
  if (frame == kZeroFrame) return std::nullopt;
  const std::uint64_t stretch = keeper_.stretch_of(frame);
  if (!keeper_.keeps(frame) && !add(stretch)) return std::nullopt;
  const std::uint64_t end = keeper_.end(stretch) << kPageBits;
  return Buffer{static_cast<int>(stretch), std::min<std::uint64_t>(piece.iov_len, end - offset)};
}

}  // namespace cleave
