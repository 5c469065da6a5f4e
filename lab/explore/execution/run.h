// What a program under exploration calls: its steps, and the variables that its threads share.
//
// A program is run again and again, each time under another schedule. Its threads are fibers of one
// OS thread; a fiber runs on without interruption until its next step. A step is announced with a
// label, the explorer picks who goes on, and then the step happens as a whole: no thread sees half
// of it. While it happens, it notes which variables it reads, writes and adds to. Two steps depend
// on each other when they touch a common variable and neither only reads it; two adds whose result
// is not read commute. Everything the explorer knows of the program it knows from there, so:
// threads share nothing but Shared<T>, and nothing in a program may depend on addresses, clocks,
// hash order, or thread ids.
//
// Memory. Under `sc` every step happens at once. Under `tso` what put() stores waits in the
// thread's own buffer, in order, until the explorer lets it out; look() sees the thread's own
// waiting stores first; every other step, like x86's locked instructions, waits until the buffer is
// empty. Under `ra`, C++'s memory without load buffering, put() is a releasing store and look()
// reads by acquiring loads, which may see what is old; every other step sees what is newest and has
// full fences around it. Orders of one's own: atomic.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lab/explore/memory/order.h"

namespace lab::explore {

/// What threads can share in one variable: up to eight bytes that can be copied and compared as
/// bytes.
template <typename T>
concept Sharable = std::is_trivially_copyable_v<T> && sizeof(T) <= 8;

/// The untyped part of Shared<T>. Numbered by who made it and how many that thread had made before,
/// so that the number is the same in every schedule.
class Variable {
 public:
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const char* name() const { return name_; }

 protected:
  using Change = std::function<std::optional<std::uint64_t>(std::uint64_t)>;
  Variable(const char* name, std::uint64_t bits);
  ~Variable();
  std::uint64_t read_bits() const;
  void write_bits(std::uint64_t bits);
  // The same with orders, in a step by access(), or by look() for loads; see atomic.h.
  std::uint64_t load_bits(Order order) const;
  void store_bits(std::uint64_t bits, Order order);
  std::uint64_t update_bits(Order order, const Change& change);
  /// From now on the variable is none of the program's memory but a note about it: under ra too,
  /// all see the latest value.
  void is_beside_memory() { beside_ = true; }
  /// `mask` has the bits that the variable's type has.
  void add_bits(std::uint64_t difference, std::uint64_t mask);

  /// From now on `written(variable, bits, from)` is called each time that a step has stored `bits`
  /// there, or has added and come to them: `from` is the thread whose buffer the store came out
  /// of, or kDirectly. It is part of that step, and may touch other variables.
  static constexpr int kDirectly = -1;
  void when_written(void (*written)(Variable&, std::uint64_t bits, int from)) {
    written_ = written;
  }

 private:
  friend class Execution;
  void (*written_)(Variable&, std::uint64_t, int) = nullptr;
  std::uint64_t number_ = 0;
  const char* name_;
  std::uint64_t bits_;
  bool beside_ = false;
  std::uint32_t slot_ = 0;  // its place in this run's tables, in order of construction
};

/// A variable that threads share. Read and write it inside a step; before the threads start and
/// after they have all ended it may be touched anywhere. `name` must outlive the variable and needs
/// not be unique.
template <Sharable T>
class Shared : public Variable {
 public:
  explicit Shared(const char* name, T value = T{}) : Variable(name, to_bits(value)) {}
  /// The value; under tso the calling thread's own latest waiting store, if it has one.
  [[nodiscard]] T read() const { return from_bits(read_bits()); }
  void write(T value) { write_bits(to_bits(value)); }
  /// Adds, and says nothing of the result: commutes with other adds. A step that also reads the
  /// variable does not commute.
  void add(T difference) requires std::integral<T> {
    add_bits(to_bits(difference), ~std::uint64_t{0} >> (64 - 8 * sizeof(T)));
  }

 private:
  template <typename U>
  friend void put(const char*, Shared<U>&, std::type_identity_t<U>);
  static std::uint64_t to_bits(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
  static T from_bits(std::uint64_t bits) {
    T value;
    std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
    return value;
  }
};

// Below: called by a program's threads, each on its own behalf. Labels, names and texts given as
// const char* must live as long as the program text does; they are what a counterexample prints.

/// Where one step begins. Prefer step(), look(), await().
void announce(const char* label);
void announce_look(const char* label);
void announce_access(const char* label);
void announce_put(const char* label, Variable& variable, std::uint64_t bits);
void announce_await(const char* label, bool (*ready)(const void*), const void* context);
void announce_watch(const char* label, bool (*ready)(const void*), const void* context);

/// The extent of one step, from its announcement to its end. Outside of it a thread must leave
/// Shared variables alone; to touch one is reported as a failure of the run.
class StepScope {
 public:
  StepScope() = default;
  StepScope(const StepScope&) = delete;
  StepScope& operator=(const StepScope&) = delete;
  ~StepScope();
};

/// One atomic step: `happen` runs as a whole and its result is returned. Under tso it waits for the
/// thread's own stores first, like any locked instruction or lock.
template <typename F>
auto step(const char* label, F&& happen) {
  announce(label);
  const StepScope now;
  return std::forward<F>(happen)();
}

/// One atomic step that only reads, and does not wait for the thread's own stores.
template <typename F>
auto look(const char* label, F&& happen) {
  announce_look(label);
  const StepScope now;
  return std::forward<F>(happen)();
}

/// One step of accesses that say their orders (atomic.h). Under tso it waits for the thread's own
/// stores.
template <typename F>
auto access(const char* label, F&& happen) {
  announce_access(label);
  const StepScope now;
  return std::forward<F>(happen)();
}

/// One plain store: under tso others may see it later than what follows.
template <typename T>
void put(const char* label, Shared<T>& variable, std::type_identity_t<T> value) {
  announce_put(label, variable, Shared<T>::to_bits(value));
}

/// One atomic step that can happen only while `ready` holds; until then the thread is blocked.
/// `ready` only reads, and the explorer asks it whenever it likes. A run in which every thread left
/// is blocked is a deadlock.
template <typename Ready, typename F>
auto await(const char* label, Ready&& ready, F&& happen) {
  using Asked = std::remove_reference_t<Ready>;
  const auto& asked = ready;
  announce_await(
      label, [](const void* context) -> bool { return (*static_cast<const Asked*>(context))(); },
      std::addressof(asked));
  const StepScope now;
  (void)asked();  // What it reads belongs to the step.
  return std::forward<F>(happen)();
}

/// The same for a condition that is looked at, no more, as by a loop of loads: it does not wait for
/// the thread's own stores. The condition must be about what others store.
template <typename Ready, typename F>
auto watch(const char* label, Ready&& ready, F&& happen) {
  using Asked = std::remove_reference_t<Ready>;
  const auto& asked = ready;
  announce_watch(
      label, [](const void* context) -> bool { return (*static_cast<const Asked*>(context))(); },
      std::addressof(asked));
  const StepScope now;
  (void)asked();
  return std::forward<F>(happen)();
}

/// Waits for the thread's own stores. A run can leave it out by its name.
void fence(const char* name);
/// Whether the fence or re-check called `name` is performed in this exploration: `--drop NAME`.
[[nodiscard]] bool performs(const char* name);
/// The order that what is said at `site` has in this exploration: `order`, or a weaker one if it
/// was dropped as "SITE~ORDER".
[[nodiscard]] Order ordered(const char* site, Order order, Use use);
/// What the step touches from here on is said at `site`: findings about it name that in the place
/// of the step's label, until ordered() or at() is called again, or the step ends.
void at(const char* site);
/// One of 0 .. count-1; the explorer tries all. Not inside a step.
[[nodiscard]] std::uint64_t choose(const char* label, std::uint64_t count);

/// Starts another thread and returns its number: threads count from 0 in the order of their start.
/// It runs up to its first step at once, as part of the step that the caller is in. `name` as for
/// labels. A program has at most 32 threads; one more ends the run as a failure.
int spawn(const char* name, std::function<void()> body);

/// The calling thread begins the operation `text` of its program ("write x 2"). Between two
/// operations a thread remembers nothing but what is in Shared variables, so that states can be
/// compared there.
void operation(std::string_view text);
/// The calling thread is at the head of a loop, and remembers nothing of the rounds before: a
/// search that compares states then sees that a round came to nothing.
void again(const char* label);
/// Whether decided() and describe() are listened to: spares formatting of what is not read.
[[nodiscard]] bool recorded();
/// Notes, for the counterexample, which rule decided what in the step that is happening: "reuse:
/// map+swap is 1".
void decided(std::string_view text);
/// This run came past `label`: a test that no run brings past its label tests nothing.
void reached(std::string_view label);
/// What must never be false is: ends the calling thread, and makes the run a failure that the
/// explorer reports with its schedule. The other threads go on, so that what they could have done
/// is explored too.
[[noreturn]] void broken(std::string what);
/// The same where nothing can go on: the run ends here, with all of its threads. In a thread only,
/// of a program that drops_threads().
[[noreturn]] void stop_broken(std::string what);
/// The number of the thread that calls; -1 outside of all threads, as in Program::start().
[[nodiscard]] int self();

}  // namespace lab::explore
