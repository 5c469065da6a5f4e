#include "cleave/space/pieces.h"

#include <algorithm>

namespace cleave {

bool Pieces::reserve(std::size_t more) noexcept {
  if (count_ + more <= room_) return true;
  const std::size_t room = std::max(count_ + more, room_ * 2);
  auto* grown = static_cast<iovec*>(sync::allocate(room * sizeof(iovec), alignof(iovec)));
  if (grown == nullptr) return false;
  std::copy_n(first(), count_, grown);
  sync::deallocate(many_);
  many_ = grown;
  room_ = room;
  return true;
}

}  // namespace cleave
