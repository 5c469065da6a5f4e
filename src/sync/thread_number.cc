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

constexpr std::uint64_t bit_of(std::uint64_t number) { return std::uint64_t{1} << number; }

// Runs when a thread ends, after the destructors of its thread_local objects. Should a later
// destructor ask again, it gets a number again, and this runs again.
void give_thread_number_back(void* /*unused*/) {
  // release: pairs with the acquire of the next thread that takes it.
  if (number::here < kThreadNumbers) {
    (void)numbers_taken.fetch_and(~bit_of(number::here), std::memory_order_release);
  }
  number::here = number::kNone;
}

void keep_own_number_after_fork() {
  const std::uint64_t own = number::here;
  numbers_taken.store(own < kThreadNumbers ? bit_of(own) : 0, std::memory_order_relaxed);
}

// The key by which we hear of a thread's end, and one more, so that zero is none. Not a static
// variable of a function: its guard is a lock, which a child of fork(2) may find held for ever.
// Written once, by the first thread to ask (release), and read by each at its first use (acquire).
constinit std::atomic<std::uint64_t> end_key{0};

std::uint64_t make_end_key() noexcept {
  pthread_key_t key{};
  if (pthread_key_create(&key, give_thread_number_back) != 0) return 0;
  std::uint64_t made = 0;
  if (end_key.compare_exchange_strong(made, std::uint64_t{key} + 1, std::memory_order_acq_rel)) {
    (void)pthread_atfork(nullptr, nullptr, keep_own_number_after_fork);
    return std::uint64_t{key} + 1;
  }
  (void)pthread_key_delete(key);
  return made;
}

// Without word of the thread's end, a number would be lost for good.
bool will_hear_of_this_threads_end() noexcept {
  std::uint64_t key = end_key.load(std::memory_order_acquire);
  if (key == 0) key = make_end_key();
  return key != 0 && pthread_setspecific(static_cast<pthread_key_t>(key - 1), &numbers_taken) == 0;
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
constinit thread_local std::uint64_t here = kNone;
}

unsigned thread_number() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) {
    return s->self() < kThreadNumbers ? static_cast<unsigned>(s->self()) : kThreadNumbers;
  }
#endif
  if (number::here == number::kNone) number::here = take_thread_number();
  return static_cast<unsigned>(number::here);
}

}  // namespace cleave::detail::sync
