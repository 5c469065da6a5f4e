// Brings the threads of a program to rest, so that an arena can be committed or checked out.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/config.h>

namespace cleave {

/// Threads that work in an arena say so by a Worker, and come past a pause point now and then. Who
/// commits stops them first:
///
///     Quiesce quiesce;                            // outside the arena: it must not roll back
///     // in each worker thread
///     Quiesce::Worker worker(quiesce);
///     while (more_to_do()) { work_on_one_thing(); worker.pause_point(); }
///     // in any thread
///     { const auto stopped = quiesce.stop(); saved = arena.commit(); }
///
/// A thread must not come to a pause point with a lock that another needs to reach its own, nor
/// with a half-done change that the commit should not see.
///
/// fork(2): the child has none of the parent's threads, so nothing waits there for a Quiesce that
/// the parent made.
class CLEAVE_API Quiesce {
 public:
  class Worker;
  class Stopped;

  Quiesce() noexcept;
  Quiesce(const Quiesce&) = delete;
  Quiesce& operator=(const Quiesce&) = delete;

  /// Returns once every worker stands at a pause point, is away, or has ended; they go on when the
  /// result ends. Stops take turns. Not from a worker's own thread: that one uses the other. Cost:
  /// up to the longest time between two pause points.
  [[nodiscard]] Stopped stop();
  /// The same from a worker's thread, which counts as standing meanwhile.
  [[nodiscard]] Stopped stop(Worker& self);

 private:
  void enter() noexcept;
  void leave() noexcept;
  /// False in a child of fork(2), where no thread would come to wake the caller.
  CLEAVE_HIDDEN bool is_here() const noexcept;

  std::uint64_t process_;  // that made it
  // 1 while one thread has stopped the others: taken by an exchange (acquire), given back by a
  // store (release).
  detail::sync::atomic<std::uint32_t> turn_{0};
  // Dekker's pattern: a worker counts itself in (seq_cst), then looks whether a stop was asked for
  // (seq_cst); a stop asks (seq_cst), then looks whether a worker is counted in (seq_cst). One of
  // the two sees the other.
  detail::sync::atomic<std::uint32_t> stopping_{0};  // written by who holds turn_
  detail::sync::atomic<std::uint32_t> working_{0};   // workers that may touch the arena, by each
};

/// A thread that works in the arena. Made and used by that thread alone.
class CLEAVE_API Quiesce::Worker {
 public:
  /// Waits while a stop lasts.
  explicit Worker(Quiesce& quiesce) : quiesce_(quiesce) { quiesce_.enter(); }
  ~Worker() { quiesce_.leave(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Nothing in the arena is half-done here. One load where no stop was asked for.
  void pause_point() {
    if (quiesce_.stopping_.load(detail::sync::relaxed) != 0) [[unlikely]]
      rest();
  }

  /// For a scope in which the thread does not touch the arena, however long it takes: to wait for
  /// work, say.
  class Away {
   public:
    /// From here on a stop does not wait for the worker.
    explicit Away(Worker& worker) : worker_(worker) { worker_.go(); }
    /// Waits while a stop lasts.
    ~Away() { worker_.come_back(); }
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;

   private:
    Worker& worker_;
  };

 private:
  friend class Quiesce;
  // A worker is counted in while it is not away for any reason, so that it is counted once.
  void go() noexcept {
    if (away_++ == 0) quiesce_.leave();
  }
  void come_back() noexcept {
    if (--away_ == 0) quiesce_.enter();
  }
  void rest() noexcept;

  Quiesce& quiesce_;
  unsigned away_ = 0;  // reasons
};

/// While it lives, no worker touches the arena. Ends in the thread that made it.
class CLEAVE_API Quiesce::Stopped {
 public:
  ~Stopped();
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  friend class Quiesce;
  CLEAVE_HIDDEN Stopped(Quiesce& quiesce, Worker* caller);

  Quiesce& quiesce_;
  Worker* caller_;  // null: no worker
};

}  // namespace cleave
