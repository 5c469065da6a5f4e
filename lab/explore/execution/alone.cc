// What a program does while no thread of it runs: in the order in which it says so.
#include <algorithm>
#include <cassert>

#include "lab/explore/execution/execution.h"

namespace lab::explore {

Execution::Alone Execution::alone(const std::function<void()>& body) {
  assert(running_ == nullptr && !alone_ && "threads run, or something else happens alone");
  made_at_start_ = std::min(made_at_start_, slots());
  alone_ = true;
  alone_left_ = max_steps_;
  waits_alone_ = false;
  const std::size_t known = violations_.size();
  Alone result;
  try {
    body();
  } catch (const Unwound&) {
    result.came = waits_alone_ ? Came::waits : Came::broke;
  }
  alone_ = unwinding_ = false;
  if (violations_.size() > known) result.what = violations_.back().what;
  return result;
}

Execution::Alone Execution::attempt(const std::function<void()>& body,
                                    const std::function<void()>& let_go) {
  const std::uint32_t made = made_;
  const std::uint32_t there = slots();
  const std::size_t known = violations_.size();
  undo_.clear();
  undoing_ = true;
  Alone result = alone(body);
  undoing_ = false;
  let_go();
  for (std::size_t i = undo_.size(); i-- > 0;) {
    Variable* const variable = undo_[i].slot < there ? variables_[undo_[i].slot] : nullptr;
    if (variable != nullptr) variable->bits_ = undo_[i].bits;
  }
  variables_.resize(there);
  violations_.resize(known);
  made_ = made;
  return result;
}

// A step of what happens alone is there at once, or never.
void Execution::stand_alone(bool (*ready)(const void*), const void* context) {
  if (unwinding_) return;
  if (alone_left_ > 0 && (ready == nullptr || ready(context))) {
    --alone_left_;
    return;
  }
  waits_alone_ = unwinding_ = true;
  throw Unwound{};
}

void Execution::change(Variable& variable, std::uint64_t bits) {
  if (undoing_) undo_.push_back({variable.slot_, variable.bits_});
  variable.bits_ = bits;
  if (variable.written_ != nullptr) variable.written_(variable, bits, letting_out_);
}

}  // namespace lab::explore
