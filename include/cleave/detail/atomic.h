// The engine's atomics. In production they are std::atomic and nothing more (tests/zero_cost
// compares the generated code). In an explored build (CLEAVE_EXPLORED) a scheduler performs each
// operation; see detail/explored.h.
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

/// Whether values of T hold addresses. These differ from process to process.
template <class T>
inline constexpr bool holds_address = std::is_pointer_v<T>;

template <class T>
class atomic {
 public:
  constexpr atomic() noexcept : atomic(T{}) {}
  constexpr explicit atomic(T value) noexcept : value_(value) {
#ifdef CLEAVE_EXPLORED
    if (std::is_constant_evaluated()) return;
    if (Scheduler* s = scheduler()) s->made(&value_, sizeof(T), holds_address<T>);
#endif
  }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load(Order order, Line where = Line()) const noexcept {
    if (const Answer a = asked(Kind::load, order, where); a.given) return value_of(a.bits);
    return value_.load(order);
  }
  void store(T value, Order order, Line where = Line()) noexcept {
    if (asked(Kind::store, order, where, value).given) return;
    value_.store(value, order);
  }
  [[nodiscard]] T exchange(T value, Order order, Line where = Line()) noexcept {
    if (const Answer a = asked(Kind::exchange, order, where, value); a.given)
      return value_of(a.bits);
    return value_.exchange(value, order);
  }
  /// Strong. On failure `expected` holds what was there, read with the order's acquire half.
  [[nodiscard]] bool compare_exchange(T& expected, T desired, Order order,
                                      Line where = Line()) noexcept {
    if (const Answer a = asked(Kind::compare_exchange, order, where, desired, expected); a.given) {
      const bool done = a.bits == bits_of(expected);
      expected = value_of(a.bits);
      return done;
    }
    return value_.compare_exchange_strong(expected, desired, order, failure(order));
  }
  [[nodiscard]] T fetch_add(T delta, Order order, Line where = Line()) noexcept {
    if (const Answer a = asked(Kind::fetch_add, order, where, delta); a.given)
      return value_of(a.bits);
    return value_.fetch_add(delta, order);
  }
  [[nodiscard]] T fetch_sub(T delta, Order order, Line where = Line()) noexcept {
    if constexpr (kExplored) {
      const Answer a = asked(Kind::fetch_add, order, where, static_cast<T>(T{} - delta));
      if (a.given) return value_of(a.bits);
    }
    return value_.fetch_sub(delta, order);
  }
  void add(T delta, Order order, Line where = Line()) noexcept {
    if (asked(Kind::add, order, where, delta).given) return;
    (void)value_.fetch_add(delta, order);
  }
  void sub(T delta, Order order, Line where = Line()) noexcept {
    if constexpr (kExplored) {
      if (asked(Kind::add, order, where, static_cast<T>(T{} - delta)).given) return;
    }
    (void)value_.fetch_sub(delta, order);
  }

  /// Sleeps until notify_all() finds a value other than `seen`, and perhaps for shorter. For waits
  /// that may be long; for short ones there is wait_until().
  void sleep_while(T seen, Line where = Line()) const noexcept {
    if constexpr (kExplored) {
      const auto other = [seen](T value) { return value != seen; };
      if (wait(other, acquire, "", where).given) return;
    }
    value_.wait(seen, acquire);
  }
  void notify_all() noexcept { value_.notify_all(); }

  /// In an explored build with a scheduler: waits until `done(value)` holds. Given: its bits.
  template <class Done>
  Answer wait(const Done& done, Order order, const char* name, Line where) const noexcept {
    if constexpr (kExplored) {
      Operation operation = about(Kind::wait, order, where);
      operation.name = name;
      operation.enabled = [](const void* context, std::uint64_t bits) {
        return static_cast<bool>((*static_cast<const Done*>(context))(value_of(bits)));
      };
      operation.context = &done;
      return ask(operation);
    }
    return {};
  }

  /// The value, by no operation: for schedulers, for tests, and where no other thread can be.
  [[nodiscard]] T peek() const noexcept { return value_.load(relaxed); }

  static T value_of(std::uint64_t bits) noexcept {
    T value;
    std::memcpy(&value, &bits, sizeof(T));  // NOLINT(bugprone-sizeof-expression): T, whatever it is
    return value;
  }
  static std::uint64_t bits_of(T value) noexcept {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));  // NOLINT(bugprone-sizeof-expression): the same
    return bits;
  }

 private:
  static constexpr Order failure(Order order) noexcept {
    return order == acq_rel ? acquire : order == release ? relaxed : order;
  }
  Operation about(Kind kind, Order order, Line where) const noexcept {
    Operation operation{kind};
    operation.order = order;
    operation.holds_address = holds_address<T>;
    operation.size = sizeof(T);
    operation.address = const_cast<std::atomic<T>*>(&value_);
    operation.where = where;
    return operation;
  }
  Answer asked(Kind kind, Order order, Line where) const noexcept {
    if constexpr (kExplored) return ask(about(kind, order, where));
    return {};
  }
  Answer asked(Kind kind, Order order, Line where, T argument) noexcept {
    if constexpr (kExplored) {
      Operation operation = about(kind, order, where);
      operation.argument = bits_of(argument);
      return ask(operation);
    }
    return {};
  }
  Answer asked(Kind kind, Order order, Line where, T argument, T expected) noexcept {
    if constexpr (kExplored) {
      Operation operation = about(kind, order, where);
      operation.argument = bits_of(argument);
      operation.expected = bits_of(expected);
      return ask(operation);
    }
    return {};
  }

  std::atomic<T> value_;
};

}  // namespace cleave::detail::sync
