// Whether memory is there, without a fault.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstddef>

namespace cleave::detail {

/// Whether a page can be read now. Safe in a signal handler; changes errno.
inline bool can_be_read(const std::byte* page) noexcept {
  // The kernel copies the argument before it finds that there is no such descriptor.
  auto* inside = reinterpret_cast<epoll_event*>(const_cast<std::byte*>(page));
  return epoll_ctl(-1, EPOLL_CTL_ADD, -1, inside) == 0 || errno != EFAULT;
}

}  // namespace cleave::detail
