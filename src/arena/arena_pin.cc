#include <utility>

#include <cleave/arena_pin.h>

#include "arena/arena_state.h"

namespace cleave {
using namespace detail;

ArenaPin::ArenaPin(std::shared_ptr<ArenaState> arena, std::span<std::byte> bytes, PinAccess access,
                   PinTerm term) noexcept
    : arena_(std::move(arena)), piece_{bytes.data(), bytes.size()}, access_(access), term_(term) {}

ArenaPin::ArenaPin(ArenaPin&& other) noexcept
    : arena_(std::move(other.arena_)),
      piece_(std::exchange(other.piece_, {})),
      access_(other.access_),
      term_(other.term_) {}

ArenaPin& ArenaPin::operator=(ArenaPin&& other) noexcept {
  ArenaPin taken = std::move(other);
  std::swap(arena_, taken.arena_);
  std::swap(piece_, taken.piece_);
  std::swap(access_, taken.access_);
  std::swap(term_, taken.term_);
  return *this;  // what was pinned here goes with `taken`
}

void ArenaPin::release() noexcept {
  if (arena_ == nullptr) return;
  arena_->unpin(memory(), access_, term_);
  piece_ = {};
  arena_.reset();
}

}  // namespace cleave
