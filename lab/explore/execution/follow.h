// Makes a run that is known already.
#pragma once

#include "lab/explore/execution/execution.h"

namespace lab::explore {

/// Lets those on whom the schedule names. Gives the run up where it ends, or where one cannot go
/// on.
class Follow : public Scheduler {
 public:
  explicit Follow(const Schedule& schedule) : schedule_(schedule) {}
  Actor next(Execution& execution) override {
    const ActorSet enabled = execution.enabled();
    if (step_ == schedule_.size()) return kNoActor;
    if ((enabled & only(schedule_[step_].actor)) == 0) {
      lost_ = true;
      return kNoActor;
    }
    return schedule_[step_++].actor;
  }
  std::uint32_t value(Execution& execution, std::uint32_t count) override {
    const std::uint32_t value = execution.digit().of(schedule_[step_ - 1].value);
    if (value < count) return value;
    lost_ = true;
    return 0;
  }
  /// Steps that could be followed.
  [[nodiscard]] std::size_t steps() const { return step_; }
  /// The program could not follow.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  const Schedule& schedule_;
  std::size_t step_ = 0;
  bool lost_ = false;
};

}  // namespace lab::explore
