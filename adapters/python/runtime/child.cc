#include "adapters/python/runtime/child.h"

#include <pthread.h>

#include <atomic>
#include <string>

#include <cleave/error.h>

#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/lent.h"

namespace cleave::python {
namespace {

// Written in a child of fork(2), by its only thread, before anything else runs there.
std::atomic<unsigned> forks{0};

void begin_child() noexcept {
  forks.store(forks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  Lent::reserve_in_child();
}

}  // namespace

unsigned generation() noexcept { return forks.load(std::memory_order_relaxed); }

void count_forks() {
  static const bool counting = pthread_atfork(nullptr, nullptr, begin_child) == 0;
  if (!counting) raise({Errc::no_memory, "no memory to watch for fork(2)"});
}

void expect_same_process(unsigned born, const char* what) {
  if (born == generation()) return;
  raise_with("not_permitted",
             "this process is a child of the one that made the " + std::string(what) +
                 ", and has no view of it: make one here, or use threads, or start the process "
                 "with multiprocessing's method \"spawn\"");
}

}  // namespace cleave::python
