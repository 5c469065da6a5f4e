// What is not atomic, beside the variables of a program.
#include "lab/explore/execution/execution.h"

namespace lab::explore {

void Execution::made(Variable& variable, std::uint64_t bits) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  check_race(variable, Order::plain, true);
  weak_->write(access(variable, Order::plain), weak_->at(variable.slot_).newest(), bits);
  variable.bits_ = bits;
}

void Execution::ended(const Variable& variable) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  check_race(variable, Order::plain, true);
}

void Execution::plain(const void* what, bool writes) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  const auto place = reinterpret_cast<std::uintptr_t>(what);
  if (const PlainAccess* other = weak_->plain(number(*running_), place, writes, site()))
    report_race("a field", other->thread, other->label);
}

void Execution::plain_end(const void* what, std::size_t bytes) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  const auto place = reinterpret_cast<std::uintptr_t>(what);
  if (const PlainAccess* other = weak_->plain_end(number(*running_), place, bytes, site()))
    report_race("a field", other->thread, other->label);
}

}  // namespace lab::explore
