// Atomics and plain variables of a program under exploration: each operation is a step of its own,
// and says its order. Under sc the orders mean nothing; under tso they are what x86 makes of them;
// under ra they are C++'s.
#pragma once

#include <optional>
#include <type_traits>

#include "lab/explore/execution/run.h"
#include "lab/explore/memory/order.h"

namespace lab::explore {

/// The untyped operations; of labels and names see run.h.
void atomic_store(const char* label, Variable& variable, std::uint64_t bits, Order order);
std::uint64_t atomic_wait(const char* label, const Variable& variable, Order order,
                          const std::function<bool(std::uint64_t)>& done);

/// What several threads may use at a time. The label of an access is where it says its order: a
/// name for what is dropped, too.
template <Sharable T>
class Atomic : public Variable {
 public:
  explicit Atomic(const char* name, T value = T{}) : Variable(name, bits_of(value)) {}

  T load(Order order, const char* label = "load") const {
    return value_of(look(label, [&] { return load_bits(ordered(label, order, Use::load)); }));
  }
  void store(T value, Order order, const char* label = "store") {
    atomic_store(label, *this, bits_of(value), order);
  }
  T exchange(T value, Order order, const char* label = "exchange") {
    return update(label, order, [&](T) { return value; });
  }
  T fetch_add(T delta, Order order, const char* label = "fetch_add") requires std::integral<T> {
    return update(label, order, [&](T old) { return static_cast<T>(old + delta); });
  }
  /// Strong. On failure `expected` is what was there, read with failing(order).
  bool compare_exchange(T& expected, T desired, Order order, const char* label = "cas") {
    const std::uint64_t wanted = bits_of(expected);
    const std::uint64_t old = access(label, [&] {
      return update_bits(ordered(label, order, Use::update),
                         [&](std::uint64_t bits) -> std::optional<std::uint64_t> {
                           return bits == wanted ? std::optional(bits_of(desired)) : std::nullopt;
                         });
    });
    expected = value_of(old);
    return old == wanted;
  }
  /// Waits until it can read a value that is `done`. Where it waits for good, that is a deadlock.
  template <typename Done>
  T wait_until(Done done, Order order, const char* label = "wait") const {
    return value_of(
        atomic_wait(label, *this, order, [&](std::uint64_t bits) { return done(value_of(bits)); }));
  }
  /// What is there in the end, or before the threads start.
  [[nodiscard]] T value() const { return value_of(read_bits()); }

 private:
  template <typename Next>
  T update(const char* label, Order order, Next next) {
    return value_of(access(label, [&] {
      return update_bits(ordered(label, order, Use::update),
                         [&](std::uint64_t bits) { return bits_of(next(value_of(bits))); });
    }));
  }
  static std::uint64_t bits_of(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
  static T value_of(std::uint64_t bits) {
    T value;
    std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
    return value;
  }
};

/// What is not atomic: under ra, two threads that touch it, one of them writing, and neither before
/// the other, are a failure of the run: a data race.
template <Sharable T>
class Plain : private Atomic<T> {
 public:
  explicit Plain(const char* name, T initial = T{}) : Atomic<T>(name, initial) {}
  T read(const char* label = "read") const { return Atomic<T>::load(Order::plain, label); }
  void write(T written, const char* label = "write") {
    Atomic<T>::store(written, Order::plain, label);
  }
  using Atomic<T>::value;
};

/// A lock: who takes it sees what was done under it before. Not a fence.
class Mutex : public Variable {
 public:
  explicit Mutex(const char* name) : Variable(name, 0) {}
  void lock(const char* label = "lock");
  void unlock(const char* label = "unlock");
};

/// C++'s atomic_thread_fence(order). A run can leave it out by its name.
void fence(const char* name, Order order);
/// A sequentially consistent fence of all threads at once: membarrier(2).
void heavy_fence(const char* name);

}  // namespace lab::explore
