#include "lab/explore/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "lab/explore/execution.h"

namespace lab::explore {

/// The program's side of an execution.
struct ProgramCalls {
  using Kind = Execution::Kind;
  using Phase = Execution::Phase;

  static Execution& here() {
    assert(Execution::current != nullptr && "only a program that is explored takes steps");
    return *Execution::current;
  }

  static void stand(Kind kind, const char* label) { here().stand(kind, label); }

  static void await(const char* label, bool (*ready)(const void*), const void* context) {
    Execution& e = here();
    e.running_->ready = ready;
    e.running_->context = context;
    e.stand(Kind::await, label);
  }

  static void put(const char* label, Variable& variable, std::uint64_t bits) {
    Execution& e = here();
    if (e.memory_ == Memory::sc || e.unwinding_) {
      e.stand(Kind::step, label);
      const Happening now;
      e.write(variable, bits);
      return;
    }
    // Nobody else can see it yet, so it happens at once, with the step before it.
    Execution::Thread& me = *e.running_;
    me.buffer.push_back({&variable, bits, static_cast<int>(e.steps_) - 1});
    e.buffered_ |= only(static_cast<Actor>(e.number(me)));
    if (e.recorder_ != nullptr && !e.winding_up_) {
      e.recorder_->put(e, e.number(me), label, variable, bits);
    }
  }

  static void fence(const char* name) {
    Execution& e = here();
    if (!performs(name)) return;
    // A step even when nothing waits: what steps a thread takes must not depend on when its stores came out.
    if (e.memory_ == Memory::tso) {
      e.stand(Kind::step, name);
      const Happening now;
    } else if (e.recorder_ != nullptr && !e.winding_up_) {
      e.recorder_->fence(e, me(e), name);
    }
  }

  static std::uint64_t choose(const char* label, std::uint64_t count) {
    Execution& e = here();
    if (e.phase_ == Phase::step && !e.unwinding_)
      broken("choose() inside a step: call it between steps");
    if (count <= 1) return 0;
    e.stand(Kind::choice, label);
    const Happening now;
    const std::uint32_t value = e.scheduler_->value(e, static_cast<std::uint32_t>(count));
    if (e.histories_) e.running_->history.feed(value);
    if (recorded()) e.recorder_->chose(value);
    return value;
  }

  static void operation(std::string_view text) {
    Execution& e = here();
    Execution::Thread* me = e.running_;
    if (me == nullptr) return;
    if (e.histories_) {  // The thread forgets what it knew.
      me->place = Hash64{me->place}.feed(text).value();
      me->history = Hash128{}.feed(me->place);
      me->loop = nullptr;
    }
    if (e.recorder_ != nullptr) me->operation = text;
  }

  static void again(const char* label) {
    Execution& e = here();
    Execution::Thread* me = e.running_;
    if (me == nullptr || !e.histories_) return;
    if (me->loop != label) {
      me->loop = label;
      me->loop_history = me->history;
    }
    me->history = me->loop_history;
  }

  static void decided(std::string text) {
    Execution& e = here();
    if (recorded()) e.recorder_->decided(std::move(text));
  }

  static bool recorded() {
    const Execution* e = Execution::current;
    return e != nullptr && e->recorder_ != nullptr && !e->winding_up_;
  }

  static void reached(std::string_view label) {
    Execution& e = here();
    if (e.winding_up_ || std::ranges::find(e.reached_, label) != e.reached_.end()) return;
    e.reached_.emplace_back(label);
  }

  static bool performs(std::string_view name) {
    const Execution* e = Execution::current;
    return e == nullptr || std::ranges::find(e->dropped_, name) == e->dropped_.end();
  }

  static void broken(std::string what) {
    here().fail(std::move(what));
    throw Execution::Unwound{};
  }

  static int spawn(const char* name, std::function<void()> body) {
    return here().start_thread(name, std::move(body));
  }

 private:
  static Actor me(const Execution& e) { return static_cast<Actor>(e.number(*e.running_)); }
};

Variable::Variable(const char* name, std::uint64_t bits) : name_(name), bits_(bits) {
  if (Execution::current == nullptr) return;
  Execution& e = *Execution::current;
  const bool by_thread = e.running_ != nullptr;
  std::uint32_t& made = by_thread ? e.running_->made : e.made_;
  number_ = Hash64{by_thread ? e.running_->path : 0}.feed(++made).value();
  slot_ = static_cast<std::uint32_t>(e.variables_.size());
  e.variables_.push_back(this);
  if (e.place_.size() < e.variables_.size()) e.place_.resize(2 * e.variables_.size());
}

Variable::~Variable() {
  if (Execution* e = Execution::current; e != nullptr && slot_ < e->variables_.size()) {
    e->variables_[slot_] = nullptr;
  }
}

std::uint64_t Variable::read_bits() const {
  return Execution::current == nullptr ? bits_ : Execution::current->read(*this);
}

void Variable::write_bits(std::uint64_t bits) {
  if (Execution::current == nullptr) {
    bits_ = bits;
  } else {
    Execution::current->write(*this, bits);
  }
}

void Variable::add_bits(std::uint64_t difference, std::uint64_t mask) {
  if (Execution::current == nullptr) {
    bits_ = (bits_ + difference) & mask;
  } else {
    Execution::current->add(*this, difference, mask);
  }
}

Happening::~Happening() {
  Execution* e = Execution::current;
  if (e != nullptr && e->phase_ == Execution::Phase::step) e->phase_ = Execution::Phase::outside;
}

void announce(const char* label) { ProgramCalls::stand(ProgramCalls::Kind::step, label); }
void announce_look(const char* label) { ProgramCalls::stand(ProgramCalls::Kind::look, label); }
void announce_put(const char* label, Variable& variable, std::uint64_t bits) {
  ProgramCalls::put(label, variable, bits);
}
void announce_await(const char* label, bool (*ready)(const void*), const void* context) {
  ProgramCalls::await(label, ready, context);
}
void fence(const char* name) { ProgramCalls::fence(name); }
bool performs(const char* name) { return ProgramCalls::performs(name); }
std::uint64_t choose(const char* label, std::uint64_t count) {
  return ProgramCalls::choose(label, count);
}
int spawn(const char* name, std::function<void()> body) {
  return ProgramCalls::spawn(name, std::move(body));
}
void operation(std::string_view text) { ProgramCalls::operation(text); }
void again(const char* label) { ProgramCalls::again(label); }
bool recorded() { return ProgramCalls::recorded(); }
void decided(std::string text) { ProgramCalls::decided(std::move(text)); }
void reached(std::string_view label) { ProgramCalls::reached(label); }
void broken(std::string what) {
  ProgramCalls::broken(std::move(what));
  std::abort();
}

}  // namespace lab::explore
