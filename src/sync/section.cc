#include <cleave/detail/section.h>

#include "sync/heavy_fence.h"
#include "sync/wait.h"

namespace cleave::detail::sync {

Section::Section() noexcept : asymmetric_(has_asymmetric_fences()) {}

void Section::wait_for_writer() const noexcept {
  (void)wait_until(
      state_, [](State s) { return s != State::writing; }, "section.writer_left");
}

void Section::wait_until_idle() const noexcept {
  (void)wait_until(
      state_, [](State s) { return s == State::idle; }, "section.idle");
}

}  // namespace cleave::detail::sync
