#include "frames/provided.h"

#include <utility>

#include "frames/frames.h"
#include "frames/state/lack.h"

namespace cleave::detail {

bool Provided::provide(Error& error) noexcept {
  let_go();
  Result<void> had;
  if (lack::is_memory(error)) {
    had = frames_.away()->make_room();
  } else if (lack::is_bytes(error)) {
    wired_ = lack::frame(error);
    had = frames_.away()->bring(wired_);
  } else {
    return false;
  }
  if (had) return true;
  const Address where = error.where;
  error = had.error();
  error.where = where;
  return false;
}

void Provided::let_go() noexcept {
  if (wired_ != kZeroFrame) frames_.unwire(std::exchange(wired_, kZeroFrame));
}

}  // namespace cleave::detail
