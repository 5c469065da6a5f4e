// Who listens to a run step by step.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/explore/execution/schedule.h"

namespace lab::explore {

class Execution;
class Variable;

/// Told of a run while it is recorded, on whichever fiber is running. Must not throw.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// `actor` takes a step now.
  virtual void began(Execution& execution, Actor actor) = 0;
  /// The step that began last is over; the execution has its footprint.
  virtual void ended(Execution& execution) = 0;
  /// A store went to the thread's buffer, with the step that the thread took last.
  virtual void put(Execution&, int thread, const char* label, const Variable&, std::uint64_t bits) {
    (void)thread, (void)label, (void)bits;
  }
  /// A fence that had nothing to wait for.
  virtual void fence(Execution&, int thread, const char* name) { (void)thread, (void)name; }
  virtual void decided(std::string_view text) { (void)text; }
  virtual void chose(std::uint64_t value) { (void)value; }
};

}  // namespace lab::explore
