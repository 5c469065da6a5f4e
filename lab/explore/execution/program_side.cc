// What a program's threads ask of the run that they are in.
#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

#include "lab/explore/execution/execution.h"
#include "lab/portable/ranges.h"

namespace lab::explore {

Execution& Execution::here() {
  assert(current_ != nullptr && "only a program that is explored takes steps");
  return *current_;
}

void Execution::await(const char* label, bool (*ready)(const void*), const void* context) {
  if (alone_) return stand_alone(ready, context);
  running_->ready = ready;
  running_->context = context;
  stand(Kind::await, label);
}

void Execution::watch(const char* label, bool (*ready)(const void*), const void* context) {
  if (alone_) return stand_alone(ready, context);
  running_->ready = ready;
  running_->context = context;
  stand(Kind::watch, label);
}

void Execution::put(const char* label, Variable& variable, std::uint64_t bits) {
  if (memory_ != Memory::tso || unwinding_ || alone_) {
    store(label, variable, bits, Order::release);
    return;
  }
  // No other thread can see it yet, so it happens at once, with the step before it.
  running_->buffer.push({&variable, bits, static_cast<int>(steps_) - 1});
  buffered_ |= only(static_cast<Actor>(number(*running_)));
  if (recorded()) recorder_->put(*this, number(*running_), label, variable, bits);
}

void Execution::fence(const char* name) {
  if (!performs(name) || alone_) return;
  // A step even when nothing waits: what steps a thread takes must not depend on when its stores
  // came out.
  if (memory_ == Memory::tso) {
    stand(Kind::step, name);
    end_step();
    return;
  }
  late_ &= ~only(static_cast<Actor>(number(*running_)));
  if (weak_ != nullptr && !unwinding_) weak_->fence(number(*running_), Order::seq_cst, name);
  if (recorded()) recorder_->fence(*this, number(*running_), name);
}

std::uint64_t Execution::choose(const char* label, std::uint64_t count) {
  if (phase_ == Phase::step && !unwinding_) broken("choose() inside a step: call it between steps");
  if (count <= 1) return 0;
  if (alone_) broken("choose() while no thread runs");
  stand(Kind::choice, label);
  const std::uint32_t value = pick(static_cast<std::uint32_t>(count));
  if (histories_) running_->history.read(value);
  if (recorded()) recorder_->chose(value);
  end_step();
  return value;
}

void Execution::begin_operation(std::string_view text) {
  if (running_ == nullptr) return;
  if (histories_) running_->history.begin_operation(text);
  if (recorder_ != nullptr) running_->operation = text;
}

void Execution::begin_round(const char* label) {
  if (running_ != nullptr && histories_) running_->history.begin_round(label);
}

void Execution::decided(std::string_view text) {
  if (recorded()) recorder_->decided(text);
}

void Execution::reach(std::string_view label) {
  if (winding_up_ || ranges::find(reached_, label) != reached_.end()) return;
  reached_.emplace_back(label);
}

bool Execution::performs(std::string_view name) const {
  return ranges::find(dropped_, name) == dropped_.end();
}

// A dropped "SITE~ORDER" is a weaker order there.
Order Execution::ordered(const char* site, Order order, Use use) {
  at_site(site);
  if (order == Order::plain) return order;
  const Site here{site, order, use};
  if (ranges::find(sites_, here) == sites_.end()) sites_.push_back(here);
  for (const std::string& dropped : dropped_) {
    const std::size_t end = dropped.find('~');
    if (end == std::string::npos || dropped.compare(0, end, here.at) != 0) continue;
    for (const Order weaker : {Order::relaxed, Order::acquire, Order::release, Order::acq_rel}) {
      if (dropped.compare(end + 1, std::string::npos, explore::name(weaker)) == 0) return weaker;
    }
  }
  return order;
}

void Execution::end_step() {
  if (phase_ != Phase::step) return;
  if (locked_) weak_->end_locked(number(*running_), running_->label);
  phase_ = Phase::outside;
}

void Execution::give_up(std::string what) {
  if (running_ != nullptr && program_->drops_threads()) stop(std::move(what));
  fail(std::move(what));
  unwinding_ |= alone_;
  throw Unwound{};
}

void Execution::stop(std::string what) {
  assert(running_ != nullptr && program_->drops_threads());
  fail(std::move(what));
  stopped_ = true;
  ending_ = Ending::stopped;
  Fiber* const starter = std::exchange(running_->starter, nullptr);
  Fiber::switch_to(*running_->fiber, starter == nullptr ? main_ : *starter);
  std::abort();  // Nothing comes back to it.
}

void Execution::add(Variable& variable) {
  std::uint32_t& made = running_ != nullptr ? running_->made : made_;
  variable.number_ = Hash64{running_ != nullptr ? running_->path : 0}.feed(++made).value();
  variable.slot_ = slots();
  variables_.push_back(&variable);
  if (place_.size() < variables_.size()) place_.resize(2 * variables_.size());
  if (weak_ != nullptr) {
    const bool by_thread = running_ != nullptr && phase_ == Phase::step;
    weak_->add(variable.bits_, by_thread ? number(*running_) : ReleaseAcquire::kNoThread);
  }
}

void Execution::remove(const Variable& variable) {
  if (variable.slot_ < slots()) variables_[variable.slot_] = nullptr;
}

// Beside the variables.

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

void Execution::plain_look(const void* what, bool writes) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  const auto place = reinterpret_cast<std::uintptr_t>(what);
  if (const PlainAccess* other = weak_->plain_look(number(*running_), place, writes, site()))
    report_race("bytes", other->thread, other->label);
}

void Execution::plain_end(const void* what, std::size_t bytes) {
  if (weak_ == nullptr || running_ == nullptr || unwinding_) return;
  const auto place = reinterpret_cast<std::uintptr_t>(what);
  if (const PlainAccess* other = weak_->plain_end(number(*running_), place, bytes, site()))
    report_race("a field", other->thread, other->label);
}

}  // namespace lab::explore
