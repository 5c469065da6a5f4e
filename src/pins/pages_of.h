// The pages that a piece of the pool's memory touches.
#pragma once

#include <sys/uio.h>

#include <cstddef>

#include <cleave/units.h>

namespace cleave::detail {

/// Calls `visit` with an address in each of them, in order.
template <class Visit>
void for_each_page_of(const iovec& piece, Visit visit) {
  const auto* at = static_cast<const std::byte*>(piece.iov_base);
  const std::byte* const end = at + piece.iov_len;
  while (at < end) {
    visit(at);
    at += kPageSize - (reinterpret_cast<std::uintptr_t>(at) & (kPageSize - 1));
  }
}

}  // namespace cleave::detail
