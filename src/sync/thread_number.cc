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

// Of the compiler's own model: a plug-in that holds the library takes nothing of the little memory
// that the loader keeps for static TLS.
constexpr unsigned kNoNumberYet = ~0u;
constinit thread_local unsigned number_here = kNoNumberYet;

// Relaxed: what a thread finds of others' it does not use.
void keep_at_hand(unsigned number) {
  const std::uint64_t pointer = number::thread_pointer();
  auto& place = number::place_of(pointer);
  std::uint64_t none = 0;
  if (number >= kThreadNumbers || pointer % (kThreadNumbers + 1) != 0) return;
  (void)place.compare_exchange_strong(none, pointer | number, std::memory_order_relaxed);
}

// Another thread may get the same pointer.
void forget_at_hand() {
  const std::uint64_t pointer = number::thread_pointer();
  auto& place = number::place_of(pointer);
  if ((place.load(std::memory_order_relaxed) ^ pointer) <= kThreadNumbers) {
    place.store(0, std::memory_order_relaxed);
  }
}

// Runs when a thread ends, after the destructors of its thread_local objects. Should a later
// destructor ask again, it gets a number again, and this runs again.
void give_thread_number_back(void* /*unused*/) {
  forget_at_hand();
  // release: pairs with the acquire of the next thread that takes it.
  if (number_here < kThreadNumbers) {
    (void)numbers_taken.fetch_and(~bit_of(number_here), std::memory_order_release);
  }
  number_here = kNoNumberYet;
}

void keep_own_number_after_fork() {
  const unsigned number = number_here;
  for (auto& place : number::numbers_at_hand) {  // most are zero, and stay unwritten
    if (place.load(std::memory_order_relaxed) != 0) place.store(0, std::memory_order_relaxed);
  }
  keep_at_hand(number);
  numbers_taken.store(number < kThreadNumbers ? bit_of(number) : 0, std::memory_order_relaxed);
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
constinit std::atomic<std::uint64_t> numbers_at_hand[kPlaces]{};
}

unsigned thread_number() noexcept {
#ifdef CLEAVE_EXPLORED
  if (Scheduler* s = scheduler()) {
    return s->self() < kThreadNumbers ? static_cast<unsigned>(s->self()) : kThreadNumbers;
  }
#endif
  if (number_here == kNoNumberYet) {
    number_here = take_thread_number();
    keep_at_hand(number_here);
  }
  return number_here;
}

}  // namespace cleave::detail::sync
