#include "frames/provided.h"

#include <utility>

#include "frames/frames.h"
#include "frames/state/lack.h"
#include "sync/wait.h"

namespace cleave::detail {

bool Provided::provide(Error& error) noexcept {
  let_go();
  Result<void> had;
  if (lack::is_memory(error)) {
    // It may need several at once, and has given back what it had: each time it gets more, lest it
    // fails at the same one for ever.
    had = frames_.away()->make_room(wanted_);
    wanted_ *= 2;
  } else if (lack::is_turn(error)) {
    sync::relax(turns_++);
  } else if (lack::is_bytes(error)) {
    wired_ = lack::frame(error);
    had = frames_.away()->bring(wired_);
  } else {
    return false;
  }
  if (had) return true;
  const Address where = error.where;
  error = had.error();
  if (where != Address{0}) error.where = where;  // else what the backing says of it
  return false;
}

void Provided::let_go() noexcept {
  if (wired_ != kZeroFrame) frames_.unwire(std::exchange(wired_, kZeroFrame));
}

}  // namespace cleave::detail
