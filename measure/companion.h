// The kernel's side of a comparison, in a process of its own.
#pragma once

#include <functional>

#include "measure/system.h"

namespace cleave::measure {

/// A process that measures when it is asked to. It is started before our side takes its memory, and
/// so holds nothing but what it measures: a fork(2) over there pays for that alone.
class Companion {
 public:
  using Measure = std::function<double()>;

  /// `prepare` runs over there, once, and gives what measures. Returns when it is done.
  explicit Companion(const std::function<Measure()>& prepare);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  double measure();

 private:
  int channel_;
  pid_t process_;
};

}  // namespace cleave::measure
