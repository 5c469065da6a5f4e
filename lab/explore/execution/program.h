// What is explored: a program, made anew for each run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/explore/execution/run.h"

namespace lab::explore {

/// What one complete run came to: values under names, in the order in which they were noted. Two
/// runs have the same outcome if they noted the same values under the same names in the same order.
class Outcome {
 public:
  struct Value {
    const char* name;
    std::uint64_t value;
    bool operator==(const Value& other) const;
  };
  /// `name` must outlive every result of the exploration: a literal, or a string of what is tested.
  void note(const char* name, std::uint64_t value) { values_.push_back({name, value}); }
  void clear() { values_.clear(); }
  [[nodiscard]] const std::vector<Value>& values() const { return values_; }
  /// The first value noted under `name`; null if there is none.
  [[nodiscard]] const std::uint64_t* find(std::string_view name) const;
  /// "r0=1 r1=0".
  [[nodiscard]] std::string text() const;
  bool operator==(const Outcome&) const = default;

 private:
  std::vector<Value> values_;
};

/// Where a program names its threads.
class Threads {
 public:
  virtual ~Threads() = default;
  /// Adds a thread and returns its number, from 0 on. It runs up to its first step at once.
  virtual int add(const char* name, std::function<void()> body) = 0;
  /// Threads `first` .. `first + count - 1` are equal: they run the same code on the same
  /// arguments, and no Shared variable tells them apart but those that belongs_to() gave to one of
  /// them, in the same order each. A search with Options::symmetry then takes runs that differ by
  /// their names alone for one, and outcomes are complete up to such renaming. It is not checked.
  virtual void equal(int first, int count) = 0;
  /// `variable` is used by `thread` alone, or read by others only after all threads have ended.
  virtual void belongs_to(int thread, const Variable& variable) = 0;
};

/// One program. Made by a factory for each run, on the exploring thread, destroyed after it. Its
/// Shared variables are members, or made by its threads.
class Program {
 public:
  virtual ~Program() = default;
  /// Names the threads. Shared variables may be touched freely here.
  virtual void start(Threads& threads) = 0;
  /// Called after each step, on the explorer's behalf; calls broken() if what must hold does not.
  /// Only reads.
  virtual void invariant() {}
  /// Called when all threads have ended. May call broken().
  virtual void end(Outcome& outcome) { (void)outcome; }
  /// Whether threads that a run leaves before their end are dropped where they stand: nothing of
  /// theirs is run or destroyed any more. For programs through which no exception may go; the
  /// program itself must then expect to be destroyed in the middle of anything.
  [[nodiscard]] virtual bool drops_threads() const { return false; }
  /// One line of counters for a trace: "map 2 swap 0 pins 1". Called after each step of a recorded
  /// run.
  [[nodiscard]] virtual std::string describe() { return {}; }
};

using Factory = std::function<std::unique_ptr<Program>()>;

}  // namespace lab::explore
