#include "sync/mutex.h"

#include "sync/wait.h"

namespace cleave::detail::sync {

#ifndef CLEAVE_EXPLORED

void mutex::wait() {
  constexpr unsigned kRounds = 64;  // all of them pauses (relax()), some 2 us together
  for (unsigned round = 0; round < kRounds; ++round) {
    relax(round);
    if (mutex_.try_lock()) return;
  }
  mutex_.lock();
}

#endif

}  // namespace cleave::detail::sync
