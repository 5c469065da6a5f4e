// The engine's atomics. In production they are std::atomic and nothing more (tests/zero_cost
// compares the generated code). In an explored build (CLEAVE_EXPLORED) each operation is announced
// to a scheduler before it is performed; see sync/explored.h.
//
// Two distinctions that std::atomic does not make, because an explorer lives on them:
//  - add() gives nothing back, fetch_add() does: adds whose result no code sees commute, and two
//    orders of them need not both be explored;
//  - every order is written out. There is no default: a reader of the code must see it.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

using Order = std::memory_order;
inline constexpr Order relaxed = std::memory_order_relaxed;
inline constexpr Order acquire = std::memory_order_acquire;
inline constexpr Order release = std::memory_order_release;
inline constexpr Order acq_rel = std::memory_order_acq_rel;
inline constexpr Order seq_cst = std::memory_order_seq_cst;

/// Whether values of T hold addresses. These differ from run to run, so that only null or not is
/// announced.
template <class T>
inline constexpr bool holds_address = std::is_pointer_v<T>;

template <class T>
class atomic {
 public:
  constexpr atomic() noexcept : value_(T{}) {}
  constexpr explicit atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load(Order order) const noexcept {
    announce(Kind::load, order);
    return value_.load(order);
  }
  void store(T value, Order order) noexcept {
    announce(Kind::store, order, word(value));
    if constexpr (kExplored) {
      if (order != seq_cst && sync::delays(delayed(value))) return;
    }
    value_.store(value, order);
  }
  [[nodiscard]] T exchange(T value, Order order) noexcept {
    announce(Kind::exchange, order, word(value));
    return value_.exchange(value, order);
  }
  /// Strong. On failure `expected` holds what was there, read with the order's acquire half.
  [[nodiscard]] bool compare_exchange(T& expected, T desired, Order order) noexcept {
    announce(Kind::compare_exchange, order, word(desired), word(expected));
    return value_.compare_exchange_strong(expected, desired, order, failure(order));
  }
  [[nodiscard]] T fetch_add(T delta, Order order) noexcept {
    announce(Kind::fetch_add, order, word(delta));
    return value_.fetch_add(delta, order);
  }
  [[nodiscard]] T fetch_sub(T delta, Order order) noexcept {
    announce(Kind::fetch_add, order, word(T{} - delta));
    return value_.fetch_sub(delta, order);
  }
  void add(T delta, Order order) noexcept {
    announce(Kind::add, order, word(delta));
    (void)value_.fetch_add(delta, order);
  }
  void sub(T delta, Order order) noexcept {
    announce(Kind::add, order, word(T{} - delta));
    (void)value_.fetch_sub(delta, order);
  }

  /// Sleeps until notify_all() finds a value other than `seen`, and perhaps for shorter. For waits
  /// that may be long; for short ones there is wait_until().
  void sleep_while(T seen) const noexcept {
    if constexpr (kExplored) {
      struct Context {
        const atomic* location;
        T seen;
      } context{this, seen};
      sync::announce({.kind = Kind::wait,
                      .location = location_.id,
                      .order = acquire,
                      .enabled =
                          [](const void* c) {
                            const auto* waited = static_cast<const Context*>(c);
                            return waited->location->peek() != waited->seen;
                          },
                      .context = &context});
    } else {
      value_.wait(seen, acquire);
    }
  }
  void notify_all() noexcept { value_.notify_all(); }

  /// For a scheduler only: the value and the location's number, unannounced.
  [[nodiscard]] T peek() const noexcept { return value_.load(relaxed); }
  [[nodiscard]] std::uint64_t id() const noexcept { return location_.id; }

 private:
  static constexpr Order failure(Order order) noexcept {
    return order == acq_rel ? acquire : order == release ? relaxed : order;
  }
  static std::uint64_t word(T value) noexcept {
    if constexpr (holds_address<T>) {
      return value == T{} ? 0 : 1;
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }
  DelayedStore delayed(T value) noexcept {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    DelayedStore store{&value_, 0, [](void* address, std::uint64_t bits) {
                         T later;
                         std::memcpy(&later, &bits, sizeof later);
                         static_cast<std::atomic<T>*>(address)->store(later, release);
                       }};
    std::memcpy(&store.bits, &value, sizeof value);
    return store;
  }
  void announce(Kind kind, Order order, std::uint64_t argument = 0,
                std::uint64_t expected = 0) const noexcept {
    if constexpr (kExplored) {
      sync::announce({.kind = kind,
                      .location = location_.id,
                      .order = order,
                      .argument = argument,
                      .expected = expected,
                      .address = &value_});
    }
  }

  std::atomic<T> value_;
  [[no_unique_address]] Location location_;
};

}  // namespace cleave::detail::sync
