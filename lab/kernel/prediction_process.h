// Finds what tests are compared with while the kernel runs them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "lab/kernel/prediction.h"

namespace lab::kernel {

/// A process that asks the model about one test after the other, in time that nothing else on the
/// machine wants. A process, not a thread: each run of a test is a fork of this one, which is the
/// faster the less memory this one has.
class PredictionProcess {
 public:
  /// Starts it; best while little else is open, since it keeps what is. The tests must outlive it.
  explicit PredictionProcess(std::vector<const litmus::Test*> tests);
  /// Ends it.
  ~PredictionProcess();
  PredictionProcess(const PredictionProcess&) = delete;
  PredictionProcess& operator=(const PredictionProcess&) = delete;

  /// Of one of the tests that can be run. Waits for it, and until then the process has its full
  /// share of the machine; after interrupt() not for long. Where there is no such process, or no
  /// longer, asks the model itself.
  Prediction of(const litmus::Test& test);

 private:
  [[noreturn]] void find_all(pid_t parent, int to) const;
  std::optional<Prediction> next();
  bool receive(void* bytes, std::size_t count);
  void end();

  std::vector<const litmus::Test*> tests_;
  std::vector<Prediction> come_;  ///< of the first of them
  pid_t process_ = -1;
  int from_ = -1;
};

/// As text, and back.
std::string written(const Prediction& prediction);
Prediction prediction_from(const std::string& text);

}  // namespace lab::kernel
