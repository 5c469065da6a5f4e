#include <algorithm>

#include <cleave/detail/pieces.h>

#include "sync/memory.h"

namespace cleave::detail {

bool Pieces::grow(std::size_t room) noexcept {
  room = std::max(room, room_ * 2);
  auto* grown = static_cast<iovec*>(sync::allocate(room * sizeof(iovec), alignof(iovec)));
  if (grown == nullptr) return false;
  std::copy_n(first(), count_, grown);
  sync::deallocate(many_);
  many_ = grown;
  room_ = room;
  return true;
}

void Pieces::deallocate() noexcept { sync::deallocate(many_); }

}  // namespace cleave::detail
