// Takes the members' memory away while an operation runs.
#pragma once

#include "arena/joint/joint.h"

namespace cleave::detail {

/// For a scope, with the lock held; of members without `catch_writers`, nothing.
class Joint::Trap {
 public:
  explicit Trap(const Joint& joint) : joint_(joint) {}
  ~Trap() {
    joint_.lock_.assume_held();  // by the function around
    joint_.all(&Member::allow);
  }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;

  Result<void> writes(const char* operation) {
    joint_.lock_.assume_held();  // as above
    return joint_.each(&Member::forbid_writes, operation);
  }
  Result<void> all(const char* operation) {
    joint_.lock_.assume_held();  // as above
    return joint_.each(&Member::forbid_all, operation);
  }

 private:
  const Joint& joint_;
};

}  // namespace cleave::detail
