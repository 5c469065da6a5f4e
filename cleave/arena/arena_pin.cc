#include "cleave/arena/arena_pin.h"

#include <utility>

#include "cleave/arena/arena_state.h"

namespace cleave {

ArenaPin::ArenaPin(std::shared_ptr<ArenaState> arena, std::span<std::byte> bytes, PinAccess access)
    : arena_(std::move(arena)), bytes_(bytes), access_(access) {}

ArenaPin::ArenaPin(ArenaPin&& other) noexcept
    : arena_(std::move(other.arena_)),
      bytes_(std::exchange(other.bytes_, {})),
      access_(other.access_) {}

ArenaPin& ArenaPin::operator=(ArenaPin&& other) noexcept {
  const ArenaPin old = std::move(*this);
  arena_ = std::move(other.arena_);
  bytes_ = std::exchange(other.bytes_, {});
  access_ = other.access_;
  return *this;
}

void ArenaPin::release() noexcept {
  if (arena_ == nullptr) return;
  arena_->unpin(bytes_, access_);
  bytes_ = {};
  arena_.reset();
}

}  // namespace cleave
