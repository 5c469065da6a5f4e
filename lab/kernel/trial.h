// A test that is being run, and what was seen of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "lab/kernel/process/launch.h"

namespace lab::kernel {

class Trial {
 public:
  explicit Trial(CompiledTest compiled) : test_(std::move(compiled)) {}
  Trial(const Trial&) = delete;  // the sandbox goes by its address
  Trial& operator=(const Trial&) = delete;

  /// Begins to run it. The error is for a person: no processes, no memory. See Launched::start().
  tl::expected<void, std::string> begin(const Effort& effort, const std::string& folder);
  /// A descriptor that poll(2) finds readable when it is over.
  [[nodiscard]] int ended() const { return sandbox_->ended(); }
  /// Whether it is; one that is late is ended.
  bool over();
  /// Ends it with what it has so far.
  void stop() { shared_->stop = true; }

  /// When it is over. Runs were made all the same, where it is an error: see Launched::finish().
  [[nodiscard]] const tl::expected<void, std::string>& result() const { return result_; }
  [[nodiscard]] const SharedState& seen() const { return *shared_; }
  [[nodiscard]] const CompiledTest& compiled() const { return test_; }
  [[nodiscard]] CompiledTest& compiled() { return test_; }
  /// Since it began, or until it was over.
  [[nodiscard]] double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  CompiledTest test_;
  SharedStatePtr shared_;
  Effort effort_;
  std::optional<Launched> sandbox_;
  tl::expected<void, std::string> result_;
  Clock::time_point begin_;
  std::optional<Clock::time_point> end_;
};

}  // namespace lab::kernel
