#include "sync/thread_number.h"

#include <pthread.h>

#include <atomic>
#include <bit>
#include <cstdint>

namespace cleave::detail::sync {
namespace {

// A bit for each number that a living thread has. Not announced to schedulers: explored threads of
// control have numbers of their own.
constinit std::atomic<std::uint64_t> numbers_taken{0};

constexpr std::uint64_t bit_of(unsigned number) { return std::uint64_t{1} << number; }

// Runs when a thread ends, after the destructors of its thread_local objects. Should a later
// destructor ask again, it gets a number again, and this runs again.
void give_thread_number_back(void* /*unused*/) {
  // release: pairs with the acquire of the next thread that takes it.
  if (number::number_here < kThreadNumbers) {
    (void)numbers_taken.fetch_and(~bit_of(number::number_here), std::memory_order_release);
  }
  number::number_here = number::kNoNumberYet;
}

void keep_own_number_after_fork() {
  const unsigned number = number::number_here;
  numbers_taken.store(number < kThreadNumbers ? bit_of(number) : 0, std::memory_order_relaxed);
}

struct ThreadEnd {
  ThreadEnd() noexcept : known(pthread_key_create(&key, give_thread_number_back) == 0) {
    (void)pthread_atfork(nullptr, nullptr, keep_own_number_after_fork);
  }
  pthread_key_t key{};
  bool known;
};

// Without word of the thread's end, a number would be lost for good.
bool will_hear_of_this_threads_end() noexcept {
  static const ThreadEnd end;
  return end.known && pthread_setspecific(end.key, &numbers_taken) == 0;
}

unsigned take_thread_number() noexcept {
  if (!will_hear_of_this_threads_end()) return kThreadNumbers;
  std::uint64_t taken = numbers_taken.load(std::memory_order_relaxed);
  for (;;) {
    const auto number = static_cast<unsigned>(std::countr_one(taken));
    if (number >= kThreadNumbers) return kThreadNumbers;
    if (numbers_taken.compare_exchange_weak(taken, taken | bit_of(number),
                                            std::memory_order_acquire, std::memory_order_relaxed)) {
      return number;
    }
  }
}

}  // namespace

namespace number {
constinit thread_local unsigned number_here = kNoNumberYet;
}

unsigned thread_number() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) {
    return s->self() < kThreadNumbers ? static_cast<unsigned>(s->self()) : kThreadNumbers;
  }
#endif
  if (number::number_here == number::kNoNumberYet) number::number_here = take_thread_number();
  return number::number_here;
}

}  // namespace cleave::detail::sync
