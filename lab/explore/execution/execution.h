// One run of a program at a time: its threads, its variables, its store buffers. Who takes the next
// step is a scheduler's decision; everything else that happens is a function of those decisions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/explore/execution/footprint.h"
#include "lab/explore/execution/hash.h"
#include "lab/explore/execution/history.h"
#include "lab/explore/execution/program.h"
#include "lab/explore/execution/recorder.h"
#include "lab/explore/execution/schedule.h"
#include "lab/explore/fiber/fiber.h"
#include "lab/explore/memory/release_acquire.h"
#include "lab/explore/memory/store_buffer.h"

namespace lab::explore {

enum class Memory : std::uint8_t { sc, tso, ra };

/// "sc", "tso", "ra".
[[nodiscard]] const char* name(Memory memory);

class Execution;

/// Decides a run. Called on whichever fiber just took a step: must not throw.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Who takes the next step: one of execution.enabled(). kNobody if that is empty, or to give up
  /// the run.
  virtual Actor next(Execution& execution) = 0;
  /// Which of `count` ways the thread that was just let on goes: what choose() gives, or under ra
  /// which message a load reads. A step may ask several times: execution.digit() says where in
  /// Choice::value the answer has its place.
  virtual std::uint32_t value(Execution& execution, std::uint32_t count) = 0;
};

enum class Ending : std::uint8_t {
  complete,  ///< every thread ended, every buffer is empty
  deadlock,  ///< threads are left, and none can go on
  cut,       ///< the scheduler gave up
  too_long,  ///< the bound on steps was hit
  stopped,   ///< something broke after which nothing can go on
  diverged,  ///< the scheduler repeated an earlier run, and the program took another course
};

/// Something that must never be false was, at `step`.
struct Violation {
  std::string what;
  std::uint32_t step;
};

class Execution {
 public:
  Execution(Memory memory, std::vector<std::string> dropped, std::uint32_t max_steps);
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution();

  /// Makes a program and runs it to its end, or until the scheduler gives up. The program is there
  /// until the next run. With `note`, each step's footprint is kept from the first step on.
  Ending run(const Factory& factory, Scheduler& scheduler);
  /// After a complete run: what it came to. False if end() found something broken.
  bool outcome(Outcome& into);

  // For a program before its threads start, and after all of them have ended.

  enum class Came : std::uint8_t {
    through,
    waits,  ///< for what nobody does, or for ever
    broke,  ///< something that must never be false was
  };
  struct Alone {
    Came came = Came::through;
    std::string what = {};  ///< broke
  };
  /// Performs `body`, steps and all, while nothing else happens: in no schedule, and not recorded.
  Alone alone(const std::function<void()>& body);
  /// The same after all threads have ended, and then puts back what was there: what `body` breaks
  /// is no violation of the run. `let_go` destroys the variables that it made. Cost: by what it
  /// writes.
  Alone attempt(const std::function<void()>& body, const std::function<void()>& let_go);

  // For schedulers, during a run.

  /// Who can take a step now.
  [[nodiscard]] ActorSet enabled();
  /// Steps taken so far.
  [[nodiscard]] std::uint32_t steps() const { return steps_; }
  /// What the latest step touched, if it was noted.
  [[nodiscard]] Footprint footprint() const { return accesses_; }
  /// Where in Choice::value the present choice of the step is.
  [[nodiscard]] Digit digit() const { return digit_; }
  /// Whether footprints are kept. Replaying what is known already goes faster without.
  void note_footprints(bool on) { noting_ = on; }
  /// Whether threads keep a hash of what they have read, for state().
  void note_histories(bool on) { histories_ = on; }
  /// What tells the present state from all others; with `symmetry`, up to a renaming of equal
  /// threads.
  [[nodiscard]] Hash128 state(bool symmetry);
  /// The thread before it in its group of equal threads; -1 if it is the first, or in none.
  [[nodiscard]] int twin_before(int thread) const { return at(thread).twin; }
  [[nodiscard]] int threads() const { return count_; }
  [[nodiscard]] ActorSet alive() const { return alive_; }
  /// Threads that stand before an await.
  [[nodiscard]] ActorSet waiting() const { return waiting_; }
  /// What the condition of a thread before an await reads now.
  [[nodiscard]] Footprint condition(int thread);
  /// The step in which the thread was started; -1 before the first.
  [[nodiscard]] int started_at(int thread) const { return at(thread).started_at; }
  /// The latest step of the thread when it put the store that its buffer lets out next.
  [[nodiscard]] int put_at(int thread) const { return at(thread).buffer.waiting().front().after; }
  /// Whether the step that the thread stands before waits for its own stores.
  [[nodiscard]] bool drains(int thread) const { return at(thread).drains; }
  [[nodiscard]] const char* label(int thread) const { return at(thread).label; }
  [[nodiscard]] const char* name(int thread) const { return at(thread).name; }
  [[nodiscard]] std::uint32_t slots() const {
    return static_cast<std::uint32_t>(variables_.size());
  }
  /// Null if it is gone.
  [[nodiscard]] const Variable* variable(std::uint32_t slot) const { return variables_[slot]; }
  [[nodiscard]] std::uint64_t bits(std::uint32_t slot) const;
  [[nodiscard]] Memory memory() const { return memory_; }
  /// Whether a step is said to depend on what fences all threads. It costs, so it is done where
  /// there is such a fence only.
  void note_heavy_fences(bool on) { noting_heavy_ = on; }
  /// Where runs up to now have said orders.
  [[nodiscard]] const std::vector<Site>& sites() const { return sites_; }
  /// Whether some run had one.
  [[nodiscard]] bool met_heavy_fence() const { return met_heavy_; }
  /// Whether, in some run under sc, a thread looked when under tso a store of its own might still
  /// have been waiting. If none did, what tso adds is that such a store happens later, before its
  /// thread does anything else; sc has that, too.
  [[nodiscard]] bool met_late_store() const { return met_late_; }

  // What the run has shown.

  /// In the order in which they were met; runs that differ in the order of independent steps have
  /// the same.
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  [[nodiscard]] const std::vector<std::string>& reached() const { return reached_; }
  /// Who waited where, and for which variables, when a run ended that was not complete.
  [[nodiscard]] const std::string& standstill() const { return standstill_; }

  // Settings that hold until they are changed.

  void record(Recorder* recorder) { recorder_ = recorder; }
  Program& program() { return *program_; }
  const std::string& operation_of(int thread) const { return at(thread).operation; }
  const std::vector<std::uint64_t>& before() const { return before_; }

  // For the program, which calls them by the functions of run.h. What a thread calls is about the
  // running thread.

  /// The execution whose program runs on this OS thread; nullptr: none.
  [[nodiscard]] static Execution* current() { return current_; }
  /// The same, for what only an explored program does.
  static Execution& here();

  enum class Kind : std::uint8_t { step, look, await, watch, choice, lock, access };
  /// The running thread stands before its next step. Returns when it is let on.
  void stand(Kind kind, const char* label);
  void await(const char* label, bool (*ready)(const void*), const void* context);
  void watch(const char* label, bool (*ready)(const void*), const void* context);
  void put(const char* label, Variable& variable, std::uint64_t bits);
  void fence(const char* name);

  // Atomics; atomics.cc. Bits are those of the variable's type. What is not atomic is of
  // Order::plain. In a step of Kind::access, or Kind::look if it only loads:

  std::uint64_t load(const Variable& variable, Order order);
  void store(Variable& variable, std::uint64_t bits, Order order);
  /// Reads, and stores what `change` makes of it; nothing: it only reads, with failing(order).
  using Change = std::function<std::optional<std::uint64_t>(std::uint64_t)>;
  std::uint64_t update(Variable& variable, Order order, const Change& change);

  // Of a program whose memory is not all made of variables; no steps, and nothing under sc and
  // tso. What races is a finding.

  /// The variable lies where its thread has just made something: `bits` are there from now on.
  void made(Variable& variable, std::uint64_t bits);
  /// Its memory is given back.
  void ended(const Variable& variable);
  /// What is at that address, and not atomic, is read or written; or it is used by what is atomic,
  /// which races with what is not; or it goes, with all that was in so many bytes.
  void plain(const void* what, bool writes);
  void plain_look(const void* what, bool writes);
  void plain_end(const void* what, std::size_t bytes);

  // Steps of their own.

  void store(const char* label, Variable& variable, std::uint64_t bits, Order order);
  /// Waits until it can read a value that is `done`.
  using Done = std::function<bool(std::uint64_t)>;
  std::uint64_t wait(const char* label, const Variable& variable, Order order, const Done& done);
  void lock(const char* label, Variable& variable);
  void unlock(const char* label, Variable& variable);
  void fence(const char* name, Order order);
  void heavy_fence(const char* name);
  std::uint64_t choose(const char* label, std::uint64_t count);
  /// The step is over: until the next, variables are left alone.
  void end_step();
  void begin_operation(std::string_view text);
  void begin_round(const char* label);
  void decided(std::string_view text);
  void reach(std::string_view label);
  [[nodiscard]] bool performs(std::string_view name) const;
  Order ordered(const char* site, Order order, Use use);
  void at_site(const char* site) {
    if (running_ != nullptr) running_->site = site;
  }
  [[nodiscard]] bool recorded() const { return recorder_ != nullptr && !winding_up_ && !alone_; }
  [[noreturn]] void give_up(std::string what);
  [[noreturn]] void stop(std::string what);
  [[nodiscard]] int self() const { return running_ == nullptr ? -1 : number(*running_); }
  int start_thread(const char* name, std::function<void()> body);

  // For its variables.

  void add(Variable& variable);
  void remove(const Variable& variable);
  std::uint64_t read(const Variable& variable);
  void write(Variable& variable, std::uint64_t bits);
  void add(Variable& variable, std::uint64_t difference, std::uint64_t mask);

 private:
  // Thrown through a program's thread to end it, and caught at its bottom.
  struct Unwound {};
  struct Names;
  struct Drain;

  // What a touch of a Shared variable means at the moment.
  enum class Phase : std::uint8_t {
    free,     // setting up, or on the explorer's behalf
    step,     // of the running thread
    asking,   // a thread's condition
    outside,  // between two steps
  };
  struct Thread {
    std::unique_ptr<Fiber> fiber;
    Execution* execution = nullptr;
    std::function<void()> body;
    const char* name = "";
    const char* label = "";
    const char* site =
        nullptr;  // where in the sources the step's next access is said; or its label
    bool (*ready)(const void*) = nullptr;
    const void* context = nullptr;
    Fiber* starter = nullptr;  // who waits for it to reach its first step
    // Its round was dropped, or left by an exception: in WebAssembly that leaves the stack lower
    // than it was. The next round starts over.
    bool amid = false;
    int started_at = -1;
    bool drains = false;
    const Variable* stuck_at = nullptr;  // waits there for good
    std::uint32_t stuck_event = 0;       // in which it read what it waits to change
    std::uint64_t path = 0;              // who it is, in any schedule
    std::uint32_t spawned = 0;
    std::uint32_t made = 0;
    StoreBuffer buffer;
    std::string operation;
    History history;
    int twin = -1;                   // the thread before it that is equal to it
    std::vector<std::uint32_t> own;  // slots of variables that belong to it
  };

  static void thread_main(void* argument);
  void reset();
  Thread* advance();
  [[nodiscard]] bool can_take(Actor actor);
  [[nodiscard]] Ending how_it_ended() const;
  void describe_standstill();
  [[nodiscard]] ActorSet standing() const;
  void begin(Actor actor);
  void seal();
  void let_out(int id);
  std::uint32_t pick(std::uint32_t count);
  [[nodiscard]] bool weakly() const { return weak_ != nullptr && phase_ == Phase::step; }
  void begin_locked();
  [[noreturn]] void stay(const Variable& variable);
  [[nodiscard]] bool stuck_in_vain() const;
  [[nodiscard]] ReleaseAcquire::Access access(const Variable& variable, Order order) const;
  std::uint64_t choose_message(const Variable& variable, Order order);
  void place(Variable& variable, std::uint64_t bits, Order order);
  void may_be_late();
  void overwrite(Variable& variable, std::uint64_t bits);
  void settle(Variable& variable, std::uint64_t bits);
  [[nodiscard]] bool weakly(const Variable& variable) const {
    return weakly() && !variable.beside_;
  }
  void check_race(const Variable& variable, Order order, bool writes);
  [[nodiscard]] const char* site() const {
    return running_->site != nullptr ? running_->site : running_->label;
  }
  void report_race(const char* on, int other, const char* its_site);
  void touch(const Variable& variable, Touch touch);
  std::uint64_t saw(const Variable& variable, std::uint64_t bits);
  void tell(const Variable& variable, std::uint32_t message, const char* what);
  void wind_up();
  void drop_threads();
  void fail(std::string what);

  [[nodiscard]] std::uint64_t seen_by_running(const Variable& variable) const;
  [[nodiscard]] Hash128 past() const;
  [[nodiscard]] Hash128 place_of(const Thread& thread, bool symmetry) const;
  void stand_alone(bool (*ready)(const void*), const void* context);
  void change(Variable& variable, std::uint64_t bits);
  void note(const Variable& variable, Touch touch);
  void check_phase(const Variable& variable);

  Thread& at(int thread) { return threads_[static_cast<std::size_t>(thread)]; }
  const Thread& at(int thread) const { return threads_[static_cast<std::size_t>(thread)]; }
  int number(const Thread& thread) const { return static_cast<int>(&thread - threads_.data()); }

  // Whose program runs on this OS thread.
  static constinit thread_local Execution* current_;

  const Memory memory_;
  const std::vector<std::string> dropped_;
  const std::uint32_t max_steps_;

  std::unique_ptr<Program> program_;
  Scheduler* scheduler_ = nullptr;
  Recorder* recorder_ = nullptr;
  Fiber main_;
  std::array<Thread, kMaxThreads> threads_;
  int count_ = 0;
  Thread* running_ = nullptr;
  Phase phase_ = Phase::free;
  Ending ending_ = Ending::complete;
  bool winding_up_ = false;
  bool unwinding_ = false;
  bool stopped_ = false;
  bool happening_ = false;  // a step has begun that is not sealed
  int letting_out_ = Variable::kDirectly;
  bool noting_ = true;
  bool histories_ = false;

  ActorSet alive_ = 0;
  ActorSet waiting_ = 0;   // stand before an await
  ActorSet draining_ = 0;  // stand before a step that waits for the thread's own stores
  ActorSet buffered_ = 0;  // have stores waiting
  ActorSet late_ = 0;      // not under tso: would have, perhaps
  ActorSet enabled_ = 0;
  std::uint32_t steps_ = 0;
  std::uint32_t made_ = 0;  // variables that no thread made
  std::uint32_t spawned_ = 0;

  // What happens while no thread runs.
  bool alone_ = false;
  bool waits_alone_ = false;
  std::uint32_t alone_left_ = 0;  // steps
  struct Undo {
    std::uint32_t slot;
    std::uint64_t bits;
  };
  bool undoing_ = false;
  std::vector<Undo> undo_;  // what was overwritten in an attempt

  std::vector<Variable*> variables_;
  std::uint32_t made_at_start_ = 0;   // the first so many of them are the same in every run
  std::vector<bool> owned_;           // by slot: belongs to a thread
  std::vector<std::uint64_t> words_;  // for state()
  std::vector<Access> accesses_;
  std::vector<std::uint64_t> before_;  // the value before each access, while recorded
  struct Place {
    std::uint64_t step = 0;
    std::uint32_t index = 0;
  };
  std::vector<Place> place_;  // where in accesses_ a slot is, if it was touched in that step
  std::uint64_t place_step_ = 0;
  Digit digit_;

  // Under ra.
  std::unique_ptr<ReleaseAcquire> weak_;
  struct Heavy : Variable {
    Heavy() : Variable("all threads' fence", 0) {}
  };
  std::vector<std::unique_ptr<Heavy>> heavy_;  // by thread: what its steps read, and a fence writes
  bool noting_heavy_ = false;
  bool met_heavy_ = false;
  bool met_late_ = false;
  bool loose_ = false;   // the step is a look(): it may read what is old
  bool locked_ = false;  // the step is fenced on both sides
  ActorSet stuck_ = 0;
  std::vector<Violation> violations_;
  std::string standstill_;
  std::vector<std::string> reached_;
  std::vector<Site> sites_;
};

}  // namespace lab::explore
