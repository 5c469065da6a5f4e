#include "lab/explore/execution/execution.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <exception>
#include <limits>

#include <fmt/format.h>

#include "lab/portable/ranges.h"

namespace lab::explore {
namespace {

int lowest(ActorSet set) { return std::countr_zero(set); }

}  // namespace

static_assert(kMaxThreads == View::kThreads);

constinit thread_local Execution* Execution::current_ = nullptr;

const char* name(Memory memory) {
  return memory == Memory::sc ? "sc" : memory == Memory::tso ? "tso" : "ra";
}

// A scheduler for a run that counts no more. To let its threads run out is cheaper than to
// unwind them with exceptions: that is left for those which cannot go on.
struct Execution::Drain : Scheduler {
  std::uint32_t left = 200;
  Actor next(Execution& execution) override {
    const ActorSet enabled = execution.enabled();
    return enabled == 0 || left-- == 0 ? kNoActor : static_cast<Actor>(lowest(enabled));
  }
  std::uint32_t value(Execution&, std::uint32_t) override { return 0; }
};

struct Execution::Names : Threads {
  explicit Names(Execution& e) : execution(e) {}
  int add(const char* name, std::function<void()> body) override {
    return execution.start_thread(name, std::move(body));
  }
  void equal(int first, int count) override {
    for (int t = first + 1; t < first + count; ++t) execution.at(t).twin = t - 1;
  }
  void belongs_to(int thread, const Variable& variable) override {
    execution.at(thread).own.push_back(variable.slot_);
    execution.owned_.resize(execution.variables_.size());
    execution.owned_[variable.slot_] = true;
  }
  Execution& execution;
};

Execution::Execution(Memory memory, std::vector<std::string> dropped, std::uint32_t max_steps)
    : memory_(memory), dropped_(std::move(dropped)), max_steps_(max_steps) {
  if (memory == Memory::ra) weak_ = std::make_unique<ReleaseAcquire>();
}

Execution::~Execution() {
  Execution* const outer = std::exchange(current_, this);
  program_.reset();
  heavy_.clear();
  for (Thread& thread : threads_) thread.body = nullptr;
  current_ = outer == this ? nullptr : outer;
}

void Execution::reset() {
  program_.reset();
  heavy_.clear();
  for (int t = 0; t < count_; ++t) {
    Thread& thread = at(t);
    thread.body = nullptr;
    thread.buffer.clear();
    thread.twin = -1;
    thread.stuck_at = nullptr;
    thread.own.clear();
  }
  owned_.clear();
  count_ = 0;
  alive_ = waiting_ = draining_ = buffered_ = late_ = stuck_ = 0;
  steps_ = made_ = spawned_ = 0;
  variables_.clear();
  made_at_start_ = std::numeric_limits<std::uint32_t>::max();
  accesses_.clear();
  before_.clear();
  violations_.clear();
  reached_.clear();
  happening_ = winding_up_ = unwinding_ = stopped_ = false;
  if (weak_ != nullptr) weak_->clear();
  if (noting_heavy_) {
    for (int t = 0; t < kMaxThreads; ++t) heavy_.push_back(std::make_unique<Heavy>());
  }
}

Ending Execution::run(const Factory& factory, Scheduler& scheduler) {
  assert(running_ == nullptr && "a program cannot explore another in one of its threads");
  Execution* const outer = std::exchange(current_, this);
  phase_ = Phase::free;
  reset();
  scheduler_ = &scheduler;
  program_ = factory();
  Names names{*this};
  try {
    program_->start(names);
  } catch (const Unwound&) {
  }
  made_at_start_ = std::min(made_at_start_, slots());
  owned_.resize(made_at_start_);
  if (Thread* first = advance()) {
    running_ = first;
    Fiber::switch_to(main_, *first->fiber);
  }
  running_ = nullptr;
  const Ending ending = ending_;
  if (ending == Ending::deadlock || ending == Ending::too_long) describe_standstill();
  if (alive_ != 0) program_->drops_threads() ? drop_threads() : wind_up();
  phase_ = Phase::free;
  current_ = outer;
  return ending;
}

void Execution::drop_threads() { alive_ = 0; }

bool Execution::outcome(Outcome& into) {
  Execution* const outer = std::exchange(current_, this);
  into.clear();
  try {
    program_->end(into);
  } catch (const Unwound&) {
  }
  current_ = outer;
  return violations_.empty();
}

void Execution::wind_up() {
  winding_up_ = true;
  const bool noting = std::exchange(noting_, false);
  Drain drain;
  scheduler_ = &drain;
  if (Thread* first = advance()) {
    running_ = first;
    Fiber::switch_to(main_, *first->fiber);
  }
  unwinding_ = true;
  phase_ = Phase::free;
  while (alive_ != 0) {
    running_ = &at(lowest(alive_));
    Fiber::switch_to(main_, *running_->fiber);
  }
  unwinding_ = false;
  running_ = nullptr;
  noting_ = noting;
}

void Execution::thread_main(void* argument) {
  Thread& me = *static_cast<Thread*>(argument);
  Execution& execution = *me.execution;
  for (;;) {  // A round a run.
    me.amid = true;
    try {
      me.body();
      me.amid = false;
    } catch (const Unwound&) {
    } catch (const std::exception& error) {
      execution.fail(fmt::format("{} let an exception escape: {}", me.name, error.what()));
    } catch (...) {
      execution.fail(fmt::format("{} let an exception escape", me.name));
    }
    const ActorSet bit = only(static_cast<Actor>(execution.number(me)));
    execution.alive_ &= ~bit;
    execution.waiting_ &= ~bit;
    execution.draining_ &= ~bit;
    Fiber* to = std::exchange(me.starter, nullptr);
    if (to == nullptr && !execution.unwinding_) {
      if (Thread* next = execution.advance()) to = next->fiber.get();
    }
    Fiber::switch_to(*me.fiber, to == nullptr ? execution.main_ : *to);
  }
}

int Execution::start_thread(const char* name, std::function<void()> body) {
  if (phase_ == Phase::outside) broken("spawn() outside a step: start threads inside one");
  if (count_ == kMaxThreads) {
    broken(fmt::format("a program has at most {} threads; this one starts another: {}", kMaxThreads,
                       name));
  }
  const int id = count_++;
  Thread& thread = at(id);
  if (!thread.fiber) {
    thread.execution = this;
    thread.fiber = std::make_unique<Fiber>(&Execution::thread_main, &thread);
  } else if (thread.amid) {
    thread.fiber->start_over();
  }
  Thread* const starter = running_;
  const std::uint64_t parent = starter == nullptr ? 0 : starter->path;
  std::uint32_t& spawned = starter == nullptr ? spawned_ : starter->spawned;
  thread.path = Hash64{parent}.feed(++spawned).value();
  thread.spawned = thread.made = 0;
  thread.body = std::move(body);
  thread.name = thread.label = name;
  thread.operation.clear();
  thread.history = History(thread.path, starter == nullptr ? Hash128{} : starter->history.hash());
  thread.started_at = static_cast<int>(steps_) - 1;
  thread.starter = starter == nullptr ? &main_ : starter->fiber.get();
  if (weak_ != nullptr) {
    weak_->begin(id, starter == nullptr ? ReleaseAcquire::kNoThread : number(*starter));
  }
  alive_ |= only(static_cast<Actor>(id));
  running_ = &thread;
  Fiber::switch_to(*thread.starter, *thread.fiber);
  running_ = starter;
  return id;
}

void Execution::stand(Kind kind, const char* label) {
  if (alone_) return stand_alone(nullptr, nullptr);
  if (unwinding_) return;  // Called by a destructor.
  Thread& me = *running_;
  const ActorSet bit = only(static_cast<Actor>(number(me)));
  me.label = label;
  me.site = nullptr;
  if (histories_) me.history.next_step();
  const bool only_looks = kind == Kind::look || kind == Kind::watch || kind == Kind::choice;
  me.drains = memory_ == Memory::tso && !only_looks;
  if (me.drains) draining_ |= bit;
  if ((late_ & bit) != 0 && only_looks) met_late_ = true;
  late_ &= ~bit;
  if (kind == Kind::await || kind == Kind::watch || kind == Kind::lock) waiting_ |= bit;
  if (me.starter != nullptr) {
    Fiber::switch_to(*me.fiber, *std::exchange(me.starter, nullptr));
  } else if (Thread* next = advance(); next != &me) {
    Fiber::switch_to(*me.fiber, next == nullptr ? main_ : *next->fiber);
  }
  if (unwinding_) throw Unwound{};
  draining_ &= ~bit;
  waiting_ &= ~bit;
  phase_ = Phase::step;
  loose_ = kind == Kind::look || kind == Kind::access;
  if (kind == Kind::step || kind == Kind::await) begin_locked();
}

// Takes steps until a thread has to take the next one itself. Null: the run is over.
Execution::Thread* Execution::advance() {
  for (;;) {
    if (happening_) seal();
    if (stopped_) return nullptr;
    const Actor actor = scheduler_->next(*this);
    if (actor == kNoActor) {
      ending_ = how_it_ended();
      return nullptr;
    }
    if (!can_take(actor)) {
      ending_ = Ending::diverged;
      return nullptr;
    }
    begin(actor);
    if (!is_flush(actor)) return running_;
    let_out(thread_of(actor));
  }
}

// A search repeats what it has seen, and a program that hides from it what it touches may not be
// able to: such a run must not count.
bool Execution::can_take(Actor actor) {
  if ((only(actor) & standing()) == 0) return false;
  return (only(actor) & waiting_) == 0 || at(actor).ready(at(actor).context);
}

Ending Execution::how_it_ended() const {
  if (enabled_ != 0) return Ending::cut;
  if (steps_ == max_steps_ && standing() != 0) return Ending::too_long;
  if (alive_ == 0) return Ending::complete;
  return stuck_in_vain() ? Ending::cut : Ending::deadlock;
}

// Who has a next step, if all conditions held.
ActorSet Execution::standing() const {
  return (alive_ & ~stuck_ & ~(draining_ & buffered_)) | buffered_ << kMaxThreads;
}

void Execution::begin(Actor actor) {
  running_ = &at(thread_of(actor));
  ++steps_;
  ++place_step_;
  happening_ = true;
  digit_ = {};
  locked_ = false;
  enabled_ = ~ActorSet{0};  // not known any more
  accesses_.clear();
  before_.clear();
  if (recorder_ != nullptr && !winding_up_) {
    recorder_->began(*this, actor);
  }
}

void Execution::seal() {
  happening_ = false;
  phase_ = Phase::free;
  if (winding_up_) return;
  try {
    program_->invariant();
  } catch (const Unwound&) {
  }
  if (recorder_ != nullptr) recorder_->ended(*this);
}

ActorSet Execution::enabled() {
  enabled_ = standing();
  for (ActorSet rest = enabled_ & waiting_; rest != 0; rest &= rest - 1) {
    const int t = lowest(rest);
    if (!at(t).ready(at(t).context)) enabled_ &= ~only(static_cast<Actor>(t));
  }
  if (steps_ == max_steps_ && !winding_up_) enabled_ = 0;
  return enabled_;
}

Footprint Execution::condition(int thread) {
  ++place_step_;
  accesses_.clear();
  phase_ = Phase::asking;
  (void)at(thread).ready(at(thread).context);
  phase_ = Phase::free;
  return accesses_;
}

void Execution::describe_standstill() {
  standstill_.clear();
  for (ActorSet rest = alive_; rest != 0; rest &= rest - 1) {
    const int t = lowest(rest);
    standstill_ += fmt::format("{}{} waits at \"{}\"", standstill_.empty() ? "" : "; ", at(t).name,
                               at(t).label);
    if (at(t).stuck_at != nullptr) standstill_ += fmt::format(" for {}", at(t).stuck_at->name_);
    if ((waiting_ & only(static_cast<Actor>(t))) == 0) continue;
    const char* separator = " for ";
    for (const Access& access : condition(t)) {
      standstill_ += fmt::format("{}{}", separator, variables_[access.slot]->name_);
      separator = ", ";
    }
  }
}

void Execution::fail(std::string what) {
  if (winding_up_) return;
  if (ranges::find(violations_, what, &Violation::what) != violations_.end()) return;
  violations_.push_back({std::move(what), steps_});
}

std::uint64_t Execution::bits(std::uint32_t slot) const {
  return variables_[slot] == nullptr ? 0 : variables_[slot]->bits_;
}

// Touches.

void Execution::check_phase(const Variable& variable) {
  if (phase_ == Phase::outside && !unwinding_) {
    broken(fmt::format("{} touches {} outside a step, after \"{}\": use step(), look() or put()",
                       running_->name, variable.name_, running_->label));
  }
}

void Execution::note(const Variable& variable, Touch touch) {
  Place& place = place_[variable.slot_];
  if (place.step == place_step_) {
    accesses_[place.index].touch |= touch;
    return;
  }
  place = {place_step_, static_cast<std::uint32_t>(accesses_.size())};
  accesses_.push_back({variable.slot_, touch});
  if (recorder_ != nullptr) before_.push_back(variable.bits_);
}

std::uint64_t Execution::read(const Variable& variable) {
  if (phase_ == Phase::free) return variable.bits_;
  if (phase_ == Phase::asking) {
    note(variable, kRead);
    return variable.bits_;
  }
  check_phase(variable);
  if (weakly(variable)) return choose_message(variable, Order::acquire);
  if (noting_) note(variable, kRead);
  const std::uint64_t bits = seen_by_running(variable);
  if (histories_) running_->history.read(bits);
  return bits;
}

// What waits in its own buffer hides the memory from a thread.
std::uint64_t Execution::seen_by_running(const Variable& variable) const {
  if ((buffered_ & only(static_cast<Actor>(number(*running_)))) == 0) return variable.bits_;
  return running_->buffer.find(variable).value_or(variable.bits_);
}

void Execution::write(Variable& variable, std::uint64_t bits) {
  if (phase_ != Phase::free) {
    check_phase(variable);
    if (weakly(variable)) {
      overwrite(variable, bits);
      return;
    }
    // A store of what is there already commutes with reads, and with stores of the same.
    if (noting_) note(variable, bits == variable.bits_ ? kRead : kWrite);
  } else if (weak_ != nullptr) {
    weak_->set_up(variable.slot_, bits);
  }
  change(variable, bits);
}

void Execution::add(Variable& variable, std::uint64_t difference, std::uint64_t mask) {
  if (phase_ != Phase::free) {
    check_phase(variable);
    if (weakly(variable)) {
      overwrite(variable, (variable.bits_ + difference) & mask);
      return;
    }
    if (noting_) note(variable, kAdd);
  } else if (weak_ != nullptr) {
    weak_->set_up(variable.slot_, (variable.bits_ + difference) & mask);
  }
  change(variable, (variable.bits_ + difference) & mask);
}

void Execution::let_out(int id) {
  Thread& thread = at(id);
  const StoreBuffer::Store store = thread.buffer.pop();
  if (thread.buffer.empty()) buffered_ &= ~only(static_cast<Actor>(id));
  phase_ = Phase::step;
  letting_out_ = id;
  write(*store.variable, store.bits);
  letting_out_ = Variable::kDirectly;
}

}  // namespace lab::explore
