// Clang must not compile this: one function uses without the lock what the lock guards.
#include "sync/mutex.h"

namespace cleave::detail {

struct Counter {
  sync::mutex lock;
  int count CLEAVE_GUARDED_BY(lock) = 0;
};

int with_the_lock(Counter& counter) {
  const sync::Guard guard(counter.lock);
  return ++counter.count;
}

int without_the_lock(Counter& counter) { return ++counter.count; }

}  // namespace cleave::detail
