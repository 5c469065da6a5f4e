// Atomics under each memory, and all of ra.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "lab/explore/execution/execution.h"
#include "lab/portable/ranges.h"

namespace lab::explore {

// Choices.

std::uint32_t Execution::pick(std::uint32_t count) {
  if (count <= 1) return 0;
  digit_ = {digit_.shift + digit_.bits, static_cast<unsigned>(std::bit_width(count - 1))};
  if (digit_.shift + digit_.bits > 64) {
    broken(
        fmt::format("\"{}\" chooses more often than a step can: take fewer variables in one step",
                    running_->label));
  }
  return scheduler_->value(*this, count);
}

// What the operations are, whatever the memory.

std::uint64_t Execution::load(const Variable& variable, Order order) {
  if (!weakly(variable)) return read(variable);
  check_race(variable, order, false);
  return choose_message(variable, order);
}

void Execution::store(Variable& variable, std::uint64_t bits, Order order) {
  if (!weakly(variable)) {
    write(variable, bits);
    return;
  }
  check_race(variable, order, true);
  place(variable, bits, order);
}

void Execution::store(const char* label, Variable& variable, std::uint64_t bits, Order order) {
  if (memory_ == Memory::tso && order != Order::seq_cst && !unwinding_ && !alone_) {
    put(label, variable, bits);
    return;
  }
  stand(Kind::access, label);
  store(variable, bits, order);
  end_step();
  if (order != Order::seq_cst) may_be_late();
}

// Under tso the store that the running thread just made might not be out yet.
void Execution::may_be_late() {
  if (running_ != nullptr && !alone_) late_ |= only(static_cast<Actor>(number(*running_)));
}

std::uint64_t Execution::update(Variable& variable, Order order, const Change& change) {
  if (!weakly(variable)) {
    const std::uint64_t old = read(variable);
    if (const auto bits = change(old)) write(variable, *bits);
    return old;
  }
  check_race(variable, order, false);
  touch(variable, kRead);
  touch(variable, kAdd);
  // It changes what it reads, or only reads: which message it may be differs.
  const Location& location = weak_->at(variable.slot_);
  const auto bits_of = [&](std::uint32_t m) { return location.messages[m].bits; };
  std::vector<std::uint32_t> messages;
  for (const std::uint32_t m : weak_->updatable(access(variable, order))) {
    if (change(bits_of(m))) messages.push_back(m);
  }
  for (const std::uint32_t m : weak_->readable(access(variable, failing(order)))) {
    if (!change(bits_of(m))) messages.push_back(m);
  }
  ranges::sort(messages, std::greater{});
  const std::uint32_t message = messages[pick(static_cast<std::uint32_t>(messages.size()))];
  tell(variable, message, "reads");
  const std::uint64_t old = saw(variable, bits_of(message));
  if (const auto bits = change(old)) {
    check_race(variable, order, true);
    weak_->update(access(variable, order), message, *bits);
    settle(variable, location.messages.back().bits);
  } else {
    weak_->read(access(variable, failing(order)), message);
  }
  return old;
}

std::uint64_t Execution::wait(const char* label, const Variable& variable, Order order,
                              const Done& done) {
  if (weak_ == nullptr || unwinding_ || alone_) {
    const auto ready = [&] { return done(variable.read_bits()); };
    await(
        label,
        [](const void* context) { return (*static_cast<const decltype(ready)*>(context))(); },
        &ready);
    const std::uint64_t bits = read(variable);
    end_step();
    return bits;
  }
  stand(Kind::look, label);
  check_race(variable, order, false);
  touch(variable, kRead);
  const Location& location = weak_->at(variable.slot_);
  std::vector<std::uint32_t> messages;
  for (const std::uint32_t m : weak_->readable(access(variable, order))) {
    // What it waits for, or else the newest: then it waits for good, and if that does not stay the
    // newest, the run is given up: in another run it waits later.
    if (done(location.messages[m].bits) || m == location.newest()) messages.push_back(m);
  }
  if (!done(location.messages[messages.front()].bits)) {
    std::rotate(messages.begin(), messages.begin() + 1, messages.end());
  }
  const std::uint32_t message = messages[pick(static_cast<std::uint32_t>(messages.size()))];
  const std::uint64_t bits = saw(variable, weak_->read(access(variable, order), message));
  if (!done(bits)) stay(variable);
  tell(variable, message, "reads");
  end_step();
  return bits;
}

// The running thread takes no more steps.
void Execution::stay(const Variable& variable) {
  running_->stuck_at = &variable;
  running_->stuck_event = static_cast<EventNumber>(weak_->events().size()) - 1;
  stuck_ |= only(static_cast<Actor>(number(*running_)));
  end_step();
  stand(Kind::look, running_->label);
  throw Unwound{};
}

// Whether some thread waits for what has come.
bool Execution::stuck_in_vain() const {
  return std::any_of(threads_.begin(), threads_.begin() + count_, [&](const Thread& thread) {
    if (thread.stuck_at == nullptr) return false;
    const MemoryEvent& read = weak_->events()[thread.stuck_event];
    return read.message != weak_->at(read.location).newest();
  });
}

void Execution::lock(const char* label, Variable& variable) {
  const auto is_free = [](const void* context) {
    return static_cast<const Variable*>(context)->read_bits() == 0;
  };
  if (alone_) {
    stand_alone(is_free, &variable);
    write(variable, 1);
    return;
  }
  running_->ready = is_free;
  running_->context = &variable;
  stand(Kind::lock, label);
  if (weakly()) {
    touch(variable, kWrite);
    weak_->lock(access(variable, Order::acquire));
    settle(variable, 1);
  } else {
    (void)read(variable);
    write(variable, 1);
  }
  end_step();
}

void Execution::unlock(const char* label, Variable& variable) {
  if (memory_ == Memory::tso && !alone_) {
    store(label, variable, 0, Order::release);
    return;
  }
  stand(Kind::access, label);
  if (weakly()) {
    touch(variable, kWrite);
    weak_->unlock(access(variable, Order::release));
    settle(variable, 0);
  } else {
    write(variable, 0);
  }
  end_step();
  may_be_late();
}

void Execution::fence(const char* name, Order order) {
  if (order == Order::seq_cst) {
    fence(name);
    return;
  }
  if (!performs(name) || order == Order::relaxed || alone_) return;
  if (weak_ != nullptr && !unwinding_) weak_->fence(number(*running_), order, name);
  if (recorded()) recorder_->fence(*this, number(*running_), name);
}

void Execution::heavy_fence(const char* name) {
  if (!performs(name) || alone_) return;
  met_heavy_ = true;
  if (unwinding_) return;
  if (memory_ == Memory::tso) {
    broken("a fence of all threads is not modelled under tso: explore under sc or ra");
  }
  if (weak_ == nullptr) {
    fence(name);
    return;
  }
  stand(Kind::access, name);
  // Those that have ended, too: what they did last is ordered with it.
  std::vector<int> threads;
  for (int t = 0; t < count_; ++t) threads.push_back(t);
  weak_->fence_of_all(threads, name);
  if (noting_ && noting_heavy_) {
    for (const int t : threads) note(*heavy_[static_cast<std::size_t>(t)], kWrite);
  }
  end_step();
}

// Under ra.

ReleaseAcquire::Access Execution::access(const Variable& variable, Order order) const {
  return {number(*running_), variable.slot_, order, site()};
}

void Execution::touch(const Variable& variable, Touch touch) {
  if (!noting_) return;
  if (noting_heavy_) note(*heavy_[static_cast<std::size_t>(number(*running_))], kRead);
  note(variable, touch);
}

// A step that is like a locked instruction has a fence on both sides.
void Execution::begin_locked() {
  if (weak_ == nullptr) return;
  locked_ = true;
  const int me = number(*running_);
  if (!weak_->fenced(me)) weak_->fence(me, Order::seq_cst, running_->label);
}

std::uint64_t Execution::choose_message(const Variable& variable, Order order) {
  touch(variable, kRead);
  if (!loose_) return saw(variable, weak_->read_locked(access(variable, order)));
  const auto messages = weak_->readable(access(variable, order));
  const std::uint32_t message = messages[pick(static_cast<std::uint32_t>(messages.size()))];
  tell(variable, message, "reads");
  return saw(variable, weak_->read(access(variable, order), message));
}

// The thread remembers it, and a trace tells it.
std::uint64_t Execution::saw(const Variable& variable, std::uint64_t bits) {
  if (!before_.empty()) before_[place_[variable.slot_].index] = bits;
  if (histories_) running_->history.read(bits);
  return bits;
}

void Execution::settle(Variable& variable, std::uint64_t bits) {
  variable.bits_ = bits;
  if (variable.written_ != nullptr) variable.written_(variable, bits, Variable::kDirectly);
}

void Execution::place(Variable& variable, std::uint64_t bits, Order order) {
  touch(variable, order == Order::plain ? kWrite : kAdd);
  const auto messages = weak_->followable(access(variable, order));
  const std::uint32_t behind = messages[pick(static_cast<std::uint32_t>(messages.size()))];
  tell(variable, behind, "stores before what is newer: after");
  weak_->write(access(variable, order), behind, bits);
  settle(variable, weak_->at(variable.slot_).messages.back().bits);
}

// What a step like a locked instruction stores follows the newest at once.
void Execution::overwrite(Variable& variable, std::uint64_t bits) {
  touch(variable, kWrite);
  weak_->write_locked(access(variable, Order::acq_rel), bits);
  settle(variable, bits);
}

void Execution::check_race(const Variable& variable, Order order, bool writes) {
  const MemoryEvent* other = weak_->race(access(variable, order), writes);
  if (other == nullptr) return;
  touch(variable, writes ? kWrite : kRead);
  report_race(variable.name_, other->thread, other->label);
}

namespace {

// In one way, whoever comes second.
std::string race_text(const char* on, const std::string& one, const std::string& other) {
  return fmt::format("data race on {}: {} and {}", on, std::min(one, other), std::max(one, other));
}

}  // namespace

// No string of its own: a thread that is dropped never comes back to end it.
void Execution::report_race(const char* on, int other, const char* its_site) {
  end_step();
  give_up(race_text(on, fmt::format("{} at \"{}\"", running_->name, site()),
                    fmt::format("{} at \"{}\"", at(other).name, its_site)));
}

// For a trace: a message that is not the newest.
void Execution::tell(const Variable& variable, std::uint32_t message, const char* what) {
  if (!recorded()) return;
  const Location& location = weak_->at(variable.slot_);
  if (message == location.newest()) return;
  recorder_->decided(fmt::format("{} {} of {}, not {}", what, location.messages[message].bits,
                                 variable.name_, location.messages.back().bits));
}

}  // namespace lab::explore
