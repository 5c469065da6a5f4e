// A thread that pthread_cancel(3) names ends inside some of the C library's calls, by unwinding it.
// A call of ours would be left half done, or the process would end, as no exception may pass there.
#pragma once

#include <pthread.h>

namespace cleave::detail {

/// For a scope in which the C library is called that way: no such call ends the thread. It ends at
/// the first after it.
class Uncancelled {
 public:
  Uncancelled() noexcept { (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;
  ~Uncancelled() { (void)pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace cleave::detail
